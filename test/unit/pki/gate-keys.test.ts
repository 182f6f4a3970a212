// The two key pairs of the gate: made once, completed in older key sets, replaced so that no token of a session stops being good.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { completeGateFiles, readGateKeys } from '../../../pki/gate-files.ts'
import { encodeGateKeys, type GateSlot, generateGateKeys, parseGateKeys } from '../../../pki/gate-keys.ts'
import { writeFolder } from '../../../pki/key-files.ts'
import { ensureKeySet } from '../../../pki/key-set.ts'
import { prepareGateKey, switchGateKey } from '../../../pki/rotate-gate-key.ts'
import { NOW, temporaryFolder } from '../../support/lab.ts'

const FILES = ['gate-a.pem', 'gate-b.pem', 'private/gate-keys.json', 'private/gate-secret']
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })
const hoursLater = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000)

async function gateFolder() {
  const folder = temporaryFolder()
  const dir = join(folder.path, 'keys')
  await writeFolder(dir, [])
  await completeGateFiles(dir)
  return { dir, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

async function contents(dir: string): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(FILES.map(async file => [file, await readFile(join(dir, file), 'utf8')] as const)),
  )
}

async function keysIn(dir: string) {
  const keys = await readGateKeys(dir)
  if (!keys) throw new Error('there are none')
  return keys
}

/** As the application signs. */
async function sign(dir: string): Promise<{ token: string; kid: GateSlot }> {
  const { active, privateKeys } = await keysIn(dir)
  const token = await new SignJWT().setProtectedHeader({ alg: 'ES256' }).sign(privateKeys[active])
  return { token, kid: active }
}

/** As a proxy that was started now verifies. */
async function verify(dir: string, { token, kid }: { token: string; kid: GateSlot }): Promise<boolean> {
  const key: KeyObject = createPublicKey(await readFile(join(dir, `gate-${kid}.pem`)))
  return await jwtVerify(token, key).then(
    () => true,
    () => false,
  )
}

describe('a key set that is older than the gate', () => {
  it('gets what it lacks, and nothing twice', async () => {
    using folder = temporaryFolder()
    const options = { dir: join(folder.path, 'keys'), now: () => NOW }
    const { dir } = await ensureKeySet(options)
    for (const file of FILES) await rm(join(dir, file))
    expect((await ensureKeySet(options)).outcome).toBe('extended')
    const made = await contents(dir)
    expect((await ensureKeySet(options)).outcome).toBe('unchanged')
    expect(await contents(dir)).toEqual(made)
    expect(made['private/gate-secret']).toMatch(/^[0-9a-f]{64}$/)
    for (const [file, mode] of [
      ['private/gate-keys.json', 0o600],
      ['private/gate-secret', 0o600],
      ['gate-a.pem', 0o644],
    ] as const)
      expect((await stat(join(dir, file))).mode & 0o777).toBe(mode)
    expect((await readdir(dir)).filter(name => name.startsWith('.'))).toEqual([])
  })

  it.each(FILES)('gets %s alone when only that is missing, and it fits the others', async file => {
    using folder = await gateFolder()
    const { dir } = folder
    const before = await contents(dir)
    const signed = await sign(dir)
    await rm(join(dir, file))
    expect(await completeGateFiles(dir)).toBe(true)
    const after = await contents(dir)
    if (file.endsWith('.pem')) expect(after).toEqual(before)
    else if (file.endsWith('secret')) expect(after[file]).not.toBe(before[file])
    if (!file.endsWith('json')) expect(await verify(dir, signed)).toBe(true)
  })

  it('has one pair of keys after two runs at once', async () => {
    using folder = temporaryFolder()
    const dir = join(folder.path, 'keys')
    await writeFolder(dir, [])
    await Promise.all([1, 2, 3, 4].map(() => completeGateFiles(dir)))
    expect(await verify(dir, await sign(dir))).toBe(true)
  })

  it('says so when Docker has made a folder where a file was missing', async () => {
    using folder = await gateFolder()
    await rm(join(folder.dir, 'gate-b.pem'))
    await mkdir(join(folder.dir, 'gate-b.pem'))
    await expect(completeGateFiles(folder.dir)).rejects.toThrow(failure('KEYS_MISMATCHED', /is a folder/))
  })

  it.each([
    ['text', 'x'],
    ['nothing', ''],
    ['no keys', '{"active":"a","switched_at":null,"keys":[]}'],
    ['another place', '{"active":"c","switched_at":null,"keys":[]}'],
  ])('is not repaired by guessing: %s', async (_, text) => {
    using folder = await gateFolder()
    await writeFile(join(folder.dir, 'private/gate-keys.json'), text)
    await expect(completeGateFiles(folder.dir)).rejects.toThrow(
      failure('KEY_MALFORMED', /gate-keys\.json is damaged/),
    )
  })
})

describe('the file of both private keys', () => {
  it('is read as it was written', async () => {
    const keys = { ...(await generateGateKeys()), active: 'b' as const, switchedAt: NOW, isPrepared: true }
    const read = parseGateKeys(encodeGateKeys(keys))
    expect(read).toMatchObject({ active: 'b', switchedAt: NOW, isPrepared: true })
    for (const slot of ['a', 'b'] as const)
      expect(read.privateKeys[slot].equals(keys.privateKeys[slot])).toBe(true)
  })

  it('takes keys of P-256 only, each once', async () => {
    const whole = JSON.parse(encodeGateKeys(await generateGateKeys()))
    const [a, b] = whole.keys
    const { d: _, ...publicOnly } = b
    for (const keys of [
      [a],
      [a, b, b],
      [a, { ...b, kid: 'B' }],
      [a, publicOnly],
      [a, { ...b, crv: 'P-384' }],
    ])
      expect(() => parseGateKeys(JSON.stringify({ ...whole, keys }))).toThrow(failure('KEY_MALFORMED', /./))
  })
})

describe('rotation', () => {
  it('keeps every token good, before and after the switch, at proxies that restart in between', async () => {
    using folder = await gateFolder()
    const { dir } = folder
    const old = await sign(dir)
    await prepareGateKey(dir, { now: NOW, force: false })
    const between = await sign(dir)
    expect([between.kid, await verify(dir, old), await verify(dir, between)]).toEqual(['a', true, true])
    await switchGateKey(dir, NOW)
    const after = await sign(dir)
    expect([after.kid, await verify(dir, old), await verify(dir, after)]).toEqual(['b', true, true])
  })

  it('replaces the pair that is not in use, once', async () => {
    using folder = await gateFolder()
    const { dir } = folder
    const before = await contents(dir)
    await prepareGateKey(dir, { now: NOW, force: false })
    const prepared = await contents(dir)
    expect(prepared['gate-a.pem']).toBe(before['gate-a.pem'])
    expect(prepared['gate-b.pem']).not.toBe(before['gate-b.pem'])
    await prepareGateKey(dir, { now: NOW, force: true })
    expect(await contents(dir)).toEqual(prepared)
    expect((await stat(join(dir, 'private/gate-keys.json'))).mode & 0o777).toBe(0o600)
  })

  it('killed between its two files, it is finished by the next run', async () => {
    using folder = await gateFolder()
    const { dir } = folder
    const old = await readFile(join(dir, 'gate-b.pem'))
    await prepareGateKey(dir, { now: NOW, force: false })
    await writeFile(join(dir, 'gate-b.pem'), old)
    await prepareGateKey(dir, { now: NOW, force: false })
    await switchGateKey(dir, NOW)
    expect(await verify(dir, await sign(dir))).toBe(true)
  })

  it('does not touch the key of sessions that may still be open, unless it has to', async () => {
    using folder = await gateFolder()
    const { dir } = folder
    const old = await sign(dir)
    await prepareGateKey(dir, { now: NOW, force: false })
    await switchGateKey(dir, NOW)
    const before = await contents(dir)
    await expect(prepareGateKey(dir, { now: hoursLater(23), force: false })).rejects.toThrow(
      failure('GATE_KEY_IN_USE', /FORCE=1/),
    )
    expect(await contents(dir)).toEqual(before)
    expect(await verify(dir, old)).toBe(true)
    await prepareGateKey(dir, { now: hoursLater(24), force: false })
    expect(await verify(dir, old)).toBe(false)
    await switchGateKey(dir, hoursLater(24))
    await prepareGateKey(dir, { now: hoursLater(25), force: true })
  })

  it('does not switch to a key that no proxy knows', async () => {
    using folder = await gateFolder()
    await expect(switchGateKey(folder.dir, NOW)).rejects.toThrow(failure('GATE_KEY_UNPREPARED', /prepare/i))
  })

  it('needs keys', async () => {
    using folder = temporaryFolder()
    await expect(prepareGateKey(folder.path, { now: NOW, force: false })).rejects.toThrow(
      failure('KEYS_MISSING', /generate-keys/),
    )
  })
})
