// Killed at any moment, add-user leaves no certificate in the folder that the ledger does not name.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, rm, watch } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { addUser } from '../../../pki/add-users.ts'
import { ensureKeySet } from '../../../pki/key-set.ts'
import { readLedger } from '../../../pki/ledger.ts'
import { parseCertificate } from '../../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../../pki/pem.ts'
import { NOW, temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const ROOT = join(import.meta.dirname, '../../..')
const USERS = 3

async function ledgerOf(dir: string) {
  const certificates = readLedger(await readFile(join(dir, 'issued.pem'), 'latin1'))
  return certificates.map(entry => entry.fingerprint256)
}

async function certificatesIn(dir: string): Promise<readonly string[]> {
  const files = (await readdir(dir)).filter(name => name.endsWith('.crt') && name !== 'server.crt')
  const pems = await Promise.all(files.map(name => readFile(join(dir, name), 'utf8')))
  return pems.map(pem => parseCertificate(decodeCertificatePem(pem)).fingerprint256)
}

/** kill -9 at the first sign of a file. */
async function addUserKilledAt(dir: string, file: string): Promise<void> {
  const events = watch(dir)
  const child = spawn(process.execPath, ['scripts/add-user.ts', 'Ada Lovelace', '--keys', dir], {
    cwd: ROOT,
    stdio: 'ignore',
  })
  const exited = once(child, 'exit')
  for await (const { filename } of events) {
    if (filename !== file) continue
    child.kill('SIGKILL')
    break
  }
  await exited
}

describe('add-user', () => {
  const folder = temporaryFolder()
  let whole: string
  beforeAll(async () => {
    whole = (await ensureKeySet({ dir: join(folder.path, 'keys'), now: () => NOW })).dir
    return () => folder[Symbol.dispose]()
  })

  it.each(['issued.pem', 'ada.key', 'ada.p12', 'ada.passphrase', '.ada.crt.new', 'ada.crt'])(
    'killed when %s appears or changes',
    async file => {
      const dir = join(folder.path, `killed-at-${file}`)
      await cp(whole, dir, { recursive: true })
      await addUserKilledAt(dir, file)
      const ledger = await ledgerOf(dir)
      expect(ledger).toEqual(expect.arrayContaining([...(await certificatesIn(dir))]))
      const files = (await readdir(dir)).filter(name => name.includes('ada.'))
      if (files.length > 0) expect(ledger).toHaveLength(USERS + 1)

      for (const name of files) await rm(join(dir, name))
      await addUser({ dir, user: { commonName: 'Ada Lovelace' }, now: () => NOW })
      expect(await ledgerOf(dir)).toEqual(expect.arrayContaining([...(await certificatesIn(dir))]))
      expect(await certificatesIn(dir)).toHaveLength(USERS + 1)
    },
  )
})
