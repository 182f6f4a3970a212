import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { createSigningRequest } from '../../pki/create-signing-request.ts'
import { generateKey } from '../../pki/key-type.ts'
import { encodeSigningRequestPem } from '../../pki/pem.ts'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { type Ask, type ClientKeys, person } from './ask.ts'
import { type ApiAnswer, call } from './enrol.ts'
import type { Stack } from './stack.ts'

export interface Issued {
  readonly serial: string
  readonly keys: ClientKeys
}

/** A new key, and the request for a certificate for it. */
export async function newRequest() {
  const { privateKey } = await generateKey('ec-p256')
  const csr = encodeSigningRequestPem(await createSigningRequest({ subject: [] }, privateKey))
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), csr }
}

interface Act {
  readonly path: string
  readonly body: object
  readonly agent?: Ask['agent']
}

/** What the administrator does through that front. @throws when it is refused */
async function operate(stack: Pick<Stack, 'port'>, { path, ...act }: Act): Promise<ApiAnswer['json']> {
  const { status, json } = await call(stack, path, { as: person('admin'), ...act })
  if (status < 300) return json
  throw new Error(`${path}: ${JSON.stringify(json)}`)
}

export async function issue(
  stack: Pick<Stack, 'port'>,
  commonName: string,
  agent?: Ask['agent'],
): Promise<Issued> {
  const { key, csr } = await newRequest()
  const body = { common_name: commonName, csr }
  const json = await operate(stack, { path: '/pki/issue', body, agent })
  return { serial: String(json.serial), keys: { cert: String(json.certificate), key } }
}

/** How long each proxy took to refuse it. */
export async function revoke(
  stack: Pick<Stack, 'port'>,
  serial: string,
  { reason = 'keyCompromise', agent }: { readonly reason?: string; readonly agent?: Ask['agent'] } = {},
) {
  const { proxies } = await operate(stack, { path: `/pki/revoke/${serial}`, body: { reason }, agent })
  return proxies as readonly { readonly name: string; readonly refused_after_ms: number | null }[]
}

export async function unhold(stack: Pick<Stack, 'port'>, serial: string): Promise<void> {
  await operate(stack, { path: `/pki/unhold/${serial}`, body: {} })
}

/** The same past the proxy, in its words: for when it is away. */
export async function revokePast(
  { backendPort }: Pick<Stack, 'backendPort'>,
  serial: string,
): Promise<unknown> {
  const admin = new X509Certificate(person('admin').cert)
  const answer = await fetch(`http://127.0.0.1:${backendPort}/pki/revoke/${serial}`, {
    method: 'POST',
    body: '{}',
    headers: {
      'Content-Type': 'application/json',
      [HEADER.proxySecret]: readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8').trim(),
      [HEADER.verify]: 'SUCCESS',
      [HEADER.clientCert]: `:${admin.raw.toString('base64')}:`,
      [HEADER.via]: '1.1 nobody',
    },
  })
  return await answer.json()
}
