import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { ScriptError } from './script-error.ts'

export interface DirectApp extends AsyncDisposable {
  /** With the port that it really listens on, and a slash at the end. */
  readonly url: string
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<unknown>
  /** What `GET /` answers; with the PKCS#12 file `FILE.p12`, if one is named, relative to the checkout. */
  secureFetch(file: string | undefined): Promise<string>
}

/**
 * Starts app/main.ts with direct TLS and the keys of `root`/keys, and waits until it says that it listens.
 * Other GATEHOUSE_* variables (port, log level) reach it as they are.
 * @throws ScriptError APP_FAILED with what it said, in its own exit code
 */
export async function startDirectApp(root: string): Promise<DirectApp> {
  const keys = join(root, 'keys')
  const child = spawn(process.execPath, [join(root, 'app/main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: Ctrl-C reaches this script only, which then lets the application drain.
    detached: true,
    env: {
      ...process.env,
      GATEHOUSE_FRONT: 'direct',
      GATEHOUSE_CLIENT_CA_FILE: join(keys, 'client-ca.pem'),
      GATEHOUSE_TLS_CERT_FILE: join(keys, 'server.crt'),
      GATEHOUSE_TLS_KEY_FILE: join(keys, 'server.key'),
      GATEHOUSE_CLIENT_CA_KEY_FILE: join(keys, 'private/client-ca.key.jwe'),
      GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: join(keys, 'private/client-ca.passphrase'),
      GATEHOUSE_LEDGER_FILE: join(keys, 'issued.pem'),
      GATEHOUSE_GATE_KEYS_FILE: join(keys, 'private/gate-keys.json'),
      GATEHOUSE_GATE_SECRET_FILE: join(keys, 'private/gate-secret'),
      GATEHOUSE_DATABASE_URL:
        process.env.GATEHOUSE_DATABASE_URL ?? `sqlite:${join(root, 'data/gatehouse.sqlite')}`,
    },
  })
  const ended = once(child, 'close')
  const port = await listeningPort(child, ended)
  const url = `https://localhost:${port}/`
  return {
    url,
    ended,
    secureFetch: file => secureFetch(url, keys, file && join(root, file)),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Its log lines are read to the end, or a full pipe would stop it. */
async function listeningPort(child: ChildProcess, ended: Promise<unknown>): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  let said = ''
  child.stderr?.on('data', chunk => {
    said += chunk
  })
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.includes('"kind":"listening"')) resolve((JSON.parse(line) as { port: number }).port)
    })
  }
  const failed = ended.then((): never => {
    const exitCode = child.exitCode === 2 ? 2 : 1
    throw new ScriptError('APP_FAILED', said.trim() || 'The application ended without a word.', { exitCode })
  })
  return await Promise.race([promise, failed])
}

async function secureFetch(url: string, keys: string, file: string | undefined): Promise<string> {
  const ca = await readFile(join(keys, 'root.pem'))
  const certificate = file && {
    pfx: await readFile(`${file}.p12`),
    passphrase: (await readFile(`${file}.passphrase`, 'utf8')).trim(),
  }
  const request = get(url, { ca, ...certificate, agent: false })
  const [response] = await once(request, 'response')
  return await text(response)
}
