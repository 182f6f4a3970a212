import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ask, ask, type ClientKeys } from './ask.ts'
import { run, temporaryFolder } from './lab.ts'
import type { Stack } from './stack.ts'

type Door = Pick<Stack, 'port'>

export interface ApiCall {
  readonly as?: ClientKeys | undefined
  /** JSON; with one, it is a POST. */
  readonly body?: object
  readonly agent?: Ask['agent']
}

export interface ApiAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** One call of the JSON API. */
export async function call(stack: Door, path: string, { as, body, agent }: ApiCall = {}): Promise<ApiAnswer> {
  const accept = ['Accept', 'application/json'] as const
  const answer = await ask(stack, {
    as,
    path,
    agent,
    headers: body ? [accept, ['Content-Type', 'application/json']] : [accept],
    ...(body && { method: 'POST', body: Buffer.from(JSON.stringify(body)).toString('latin1') }),
  })
  return { status: answer.status, json: JSON.parse(answer.body) }
}

/** A challenge of that front, and what solves it. */
export async function prove(stack: Door): Promise<{ readonly challenge: string; readonly nonce: string }> {
  const { json } = await call(stack, '/register/challenge')
  const challenge = String(json.challenge)
  for (let nonce = 0; ; nonce += 1) {
    const digest = createHash('sha256').update(`${challenge}:${nonce}`).digest()
    if (Math.clz32(digest.readUInt32BE()) >= Number(json.difficulty))
      return { challenge, nonce: String(nonce) }
  }
}

const KEYS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
} as const

/** A key and a signing request, as somebody with openssl makes them. */
export function opensslRequest(subject: string, kind: keyof typeof KEYS = 'ec', ...more: string[]) {
  using folder = temporaryFolder()
  const [key, csr] = [join(folder.path, 'key'), join(folder.path, 'csr')]
  run(
    'openssl',
    'req',
    '-new',
    ...KEYS[kind],
    '-noenc',
    '-utf8',
    '-subj',
    subject,
    '-keyout',
    key,
    '-out',
    csr,
    ...more,
  )
  return { key: readFileSync(key, 'utf8'), csr: readFileSync(csr, 'utf8') }
}

/** What a PKCS#12 file of the API holds, as openssl opens it. */
export function openPkcs12({ pkcs12, passphrase }: Readonly<Record<string, unknown>>): ClientKeys {
  using folder = temporaryFolder()
  const [file, secret] = [join(folder.path, 'p12'), join(folder.path, 'passphrase')]
  writeFileSync(file, Buffer.from(String(pkcs12), 'base64'))
  writeFileSync(secret, String(passphrase), { mode: 0o600 })
  const open = (...words: string[]) =>
    run('openssl', 'pkcs12', '-legacy', '-in', file, '-passin', `file:${secret}`, ...words)
  return { cert: open('-clcerts', '-nokeys'), key: open('-nocerts', '-noenc') }
}
