// Every user certificate that was signed is in the ledger, whatever happens; nothing is in it twice.
import { appendFile, mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { addUser } from '../../../pki/add-users.ts'
import { ensureKeySet } from '../../../pki/key-set.ts'
import { readLedger, writeLedger } from '../../../pki/ledger.ts'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { NOW, temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 60_000 })

const ADA = { commonName: 'Ada Lovelace' }
const ALAN = { commonName: 'Alan Turing' }

interface KeySet extends Disposable {
  readonly dir: string
  readonly path: string
  readonly users: readonly ParsedCertificate[]
}

async function makeSet(): Promise<KeySet> {
  const folder = temporaryFolder()
  const report = await ensureKeySet({ dir: join(folder.path, 'keys'), now: () => NOW })
  const users = report.certificates.filter(({ role }) => role === 'user').map(entry => entry.certificate)
  const { dir } = report
  return { dir, path: join(dir, 'issued.pem'), users, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

const again = (dir: string) => ensureKeySet({ dir, now: () => NOW })
const add = (dir: string, user = ADA) => addUser({ dir, user, now: () => NOW })
const serials = (certificates: readonly ParsedCertificate[]) => certificates.map(entry => entry.serialNumber)
const ledgerOf = async ({ path }: KeySet) => serials(readLedger(await readFile(path, 'latin1')))
const blocks = async ({ path }: KeySet) => (await readFile(path, 'utf8')).match(/BEGIN CERTIFICATE/g)?.length

describe('a new key set', () => {
  it('has all of its users in the ledger, which anybody may read', async () => {
    using set = await makeSet()
    expect((await ledgerOf(set)).toSorted()).toEqual(serials(set.users).toSorted())
    expect((await stat(set.path)).mode & 0o777).toBe(0o644)
  })
})

describe('another user', () => {
  it('is appended in place, so that a container with the file mounted sees it', async () => {
    using set = await makeSet()
    await using mounted = await open(set.path)
    const before = await readFile(set.path, 'utf8')
    const { certificate } = await add(set.dir)
    const seen = await mounted.readFile('utf8')
    expect(seen).toBe(before + writeLedger([certificate]))
    await again(set.dir)
    expect(await readFile(set.path, 'utf8')).toBe(seen)
  })

  it('is not made when the ledger cannot be written', async () => {
    using set = await makeSet()
    await rm(set.path)
    await mkdir(set.path)
    await expect(add(set.dir)).rejects.toThrow(
      expect.objectContaining({ code: 'KEYS_MISMATCHED', message: expect.stringMatching(/is a folder/) }),
    )
    expect((await readdir(set.dir)).filter(name => name.startsWith('ada'))).toEqual([])
  })
})

describe('a ledger that lacks somebody', () => {
  const LOSSES: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
    ['missing, as in sets older than ledgers', path => rm(path)],
    ['empty, as a full disk leaves it', path => truncate(path)],
    ['cut off within a block', async path => truncate(path, (await stat(path)).size - 100)],
    ['cut off within its last line', async path => truncate(path, (await stat(path)).size - 5)],
    ['without the last line break', async path => truncate(path, (await stat(path)).size - 1)],
    ['with zeros at its end', async path => truncate(path, (await stat(path)).size + 100)],
    ['with half a block at its end', path => appendFile(path, '-----BEGIN CERTIFICATE-----\nMIIB')],
  ]

  describe.each(LOSSES)('%s', (_, lose) => {
    it('gets them by generate-keys, each once', async () => {
      using set = await makeSet()
      await lose(set.path)
      expect((await again(set.dir)).outcome).toBe('unchanged')
      expect((await ledgerOf(set)).toSorted()).toEqual(serials(set.users).toSorted())
      const text = await readFile(set.path, 'utf8')
      // Each on a line of its own, for other programs than ours.
      expect(text.match(/^-----BEGIN CERTIFICATE-----$/gm)).toHaveLength((await blocks(set)) ?? 0)
      await again(set.dir)
      expect(await readFile(set.path, 'utf8')).toBe(text)
      expect((await stat(set.path)).mode & 0o777).toBe(0o644)
    })

    it('gets them by add-user, with the new one', async () => {
      using set = await makeSet()
      await lose(set.path)
      const { certificate } = await add(set.dir)
      const expected = serials([...set.users, certificate])
      expect((await ledgerOf(set)).toSorted()).toEqual(expected.toSorted())
    })
  })

  it('gets them once when runs start at the same time, and nothing is left beside it', async () => {
    using set = await makeSet()
    await rm(set.path)
    await Promise.all([1, 2, 3].map(() => again(set.dir)))
    expect((await ledgerOf(set)).toSorted()).toEqual(serials(set.users).toSorted())
    expect(await blocks(set)).toBe(3)
    expect((await readdir(set.dir)).filter(name => name.startsWith('.'))).toEqual([])
  })

  it('keeps who is not in the folder any more', async () => {
    using set = await makeSet()
    const { certificate } = await add(set.dir)
    for (const extension of ['key', 'p12', 'passphrase', 'crt']) await rm(join(set.dir, `ada.${extension}`))
    await add(set.dir, ALAN)
    expect(await ledgerOf(set)).toContain(certificate.serialNumber)
    expect(await ledgerOf(set)).toHaveLength(5)
  })
})

describe('readLedger', () => {
  it('gives each certificate once, in their order', async () => {
    using set = await makeSet()
    const twice = writeLedger([...set.users, ...set.users])
    expect(serials(readLedger(twice))).toEqual(serials(set.users))
    expect(readLedger('')).toEqual([])
  })

  it('reads what is whole before and after a block that was cut off at any place', async () => {
    using set = await makeSet()
    const [first, second, third] = set.users
    if (!first || !second || !third) throw new Error('The set has three users.')
    const torn = writeLedger([second])
    const lengths = Array.from(torn, (_, length) => length)
    for (const length of lengths.filter(at => at % 20 === 0 || at < 40 || at > torn.length - 40)) {
      const text = `${writeLedger([first])}${torn.slice(0, length)}`
      const isWhole = torn.slice(0, length).trimEnd() === torn.trimEnd()
      const before = isWhole ? [first, second] : [first]
      expect(serials(readLedger(text))).toEqual(serials(before))
      expect(serials(readLedger(`${text}\n${writeLedger([third])}`))).toEqual(serials([...before, third]))
    }
  })

  it('says which block holds something else', async () => {
    using set = await makeSet()
    const text = `${writeLedger(set.users)}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
    expect(() => readLedger(text)).toThrow(
      expect.objectContaining({ code: 'CERT_MALFORMED', message: expect.stringMatching(/^Block 4 /) }),
    )
  })
})
