import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureKeySet } from '../../../pki/key-set.ts'
import { temporaryFolder } from '../../support/lab.ts'

/** The application with TLS of its own, a key set and a store that go away with it. */
export interface RealServer extends AsyncDisposable {
  readonly url: string
  readonly keys: string
  readonly database: string
  /** What it has logged so far. */
  readonly log: () => string
  /** Ends it without a chance to clear up. */
  kill(): Promise<void>
}

/**
 * @param settings further ones, by the folder of the keys
 * @param place where its files are and stay, if not in a folder of its own
 */
export async function startRealServer(
  settings: (keys: string) => Readonly<Record<string, string>> = () => ({}),
  place?: string,
): Promise<RealServer> {
  const folder = place === undefined ? temporaryFolder() : { path: place, [Symbol.dispose]() {} }
  const keys = join(folder.path, 'keys')
  await ensureKeySet({ dir: keys, users: [{ commonName: 'Grace Hopper' }], now: () => new Date() })
  const database = join(folder.path, 'store.sqlite')
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../app/main.ts')], {
    env: {
      PATH: process.env.PATH,
      GATEHOUSE_FRONT: 'direct',
      GATEHOUSE_PORT: '0',
      GATEHOUSE_CLIENT_CA_FILE: join(keys, 'client-ca.pem'),
      GATEHOUSE_CLIENT_CA_KEY_FILE: join(keys, 'private/client-ca.key.jwe'),
      GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: join(keys, 'private/client-ca.passphrase'),
      GATEHOUSE_TLS_CERT_FILE: join(keys, 'server.crt'),
      GATEHOUSE_TLS_KEY_FILE: join(keys, 'server.key'),
      GATEHOUSE_DATABASE_URL: `sqlite:${database}`,
      GATEHOUSE_PROOF_OF_WORK_BITS: '8',
      ...settings(keys),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const { promise: listening, resolve } = Promise.withResolvers<number>()
  let logged = ''
  createInterface({ input: child.stdout }).on('line', line => {
    logged += `${line}\n`
    if (line.includes('"kind":"listening"')) resolve(JSON.parse(line).port)
  })
  const died = ended.then((): never => {
    throw new Error(`The application ended before it listened: ${logged}`)
  })
  return {
    url: `https://localhost:${await Promise.race([listening, died])}/`,
    keys,
    database,
    log: () => logged,
    async kill() {
      died.catch(() => {})
      child.kill('SIGKILL')
      await ended
    },
    async [Symbol.asyncDispose]() {
      died.catch(() => {})
      child.kill('SIGTERM')
      await ended
      folder[Symbol.dispose]()
    },
  }
}
