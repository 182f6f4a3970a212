import { createHash, type KeyObject } from 'node:crypto'
import request from 'supertest'
import { openAuthority } from '../../../app/authority/authority.ts'
import type { Caller } from '../../../app/authority/caller.ts'
import type { AuthorityContext, EnrolmentRules } from '../../../app/authority/decide.ts'
import type { Config } from '../../../app/config.ts'
import { enrolmentOf } from '../../../app/config-enrolment.ts'
import type { GateConfig } from '../../../app/config-gate.ts'
import type { Store } from '../../../app/store/store.ts'
import { createSigningRequest } from '../../../pki/create-signing-request.ts'
import type { DistinguishedName } from '../../../pki/distinguished-name.ts'
import type { Authority as Signer } from '../../../pki/issue-certificate.ts'
import { generateKey } from '../../../pki/key-type.ts'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { encodeSigningRequestPem } from '../../../pki/pem.ts'
import { type AppLab, buildApp, configOf } from '../../support/app-lab.ts'
import { makeClientCa } from '../../support/lab.ts'
import { contract, field, makeOwn, SECRET } from './lab.ts'

export const CA: Signer = await makeClientCa()

export type Headers = Record<string, string | string[]>

/** As a proxy of the contract hands over whoever presents a certificate of the client CA. */
export function presenting(
  certificate: ParsedCertificate,
  over: Parameters<typeof contract>[0] = {},
): Headers {
  return contract({ verify: 'SUCCESS', clientCert: field(certificate), ...over })
}

export const NOBODY = contract()
export const REFUSED = contract({ verify: 'FAILED:certificate has expired' })
export const STRANGER = contract({
  verify: 'FAILED:self-signed certificate',
  clientCertUnverified: field((await makeOwn([{ type: 'CN', value: 'Mallory' }])).certificate),
})

export interface Applicant {
  readonly privateKey: KeyObject
  readonly csr: string
}

export async function applicant(
  subject: DistinguishedName | string = 'Ada Lovelace',
  emails: readonly string[] = [],
): Promise<Applicant> {
  const { privateKey } = await generateKey('ec-p256')
  return { privateKey, csr: await signingRequest(privateKey, subject, emails) }
}

export async function signingRequest(
  key: KeyObject,
  subject: DistinguishedName | string,
  emails: readonly string[] = [],
): Promise<string> {
  const name = typeof subject === 'string' ? [{ type: 'CN', value: subject }] : subject
  return encodeSigningRequestPem(await createSigningRequest({ subject: name, emails }, key))
}

/** A decision that the test itself asks for. */
export const OPERATOR: Caller = {
  identity: {
    level: 'admin',
    name: 'test',
    organisation: null,
    email: null,
    serial: null,
    fingerprint256: null,
  },
  address: null,
  requestId: null,
  via: null,
}

export interface Person {
  readonly certificate: ParsedCertificate
  readonly headers: Headers
  readonly privateKey: KeyObject
}

export interface ApiLab extends AppLab {
  /** Somebody whom the authority of this lab has issued a certificate. */
  person(commonName: string, organisation?: string): Promise<Person>
  readonly admin: Person
  readonly grace: Person
  get(path: string, headers?: Headers): request.Test
  post(path: string, headers: Headers, body?: object | string): request.Test
  send(method: 'post' | 'delete', path: string, headers: Headers, body?: object | string): request.Test
  paste(headers: Headers, content: string | Buffer, query?: string): request.Test
  /** A challenge and what solves it. */
  proof(): Promise<{ readonly challenge: string; readonly nonce: string }>
  register(body: object, headers?: Headers): Promise<request.Response>
  /** Events of the trail, oldest first, when all that wait are in it. */
  events(name?: string | RegExp): Promise<readonly Record<string, unknown>[]>
}

export interface ApiLabOptions {
  readonly rules?: Partial<EnrolmentRules>
  readonly perMinute?: number
  readonly pastes?: Partial<Config['pastes']>
  readonly context?: Partial<AuthorityContext>
  readonly store?: Store
  readonly now?: () => Date
  readonly clientCert?: 'require'
  readonly gate?: GateConfig
  readonly logLevel?: 'info'
}

const RULES: EnrolmentRules = { ...enrolmentOf({}).rules, proofOfWorkBits: 4 }

export async function apiLab(options: ApiLabOptions = {}): Promise<ApiLab> {
  const { rules = {}, perMinute = 100_000, pastes, context, store, now, clientCert, gate, logLevel } = options
  const enrolment = { ...enrolmentOf({}), perMinute, rules: { ...RULES, ...rules } }
  const lab = await buildApp({
    ca: CA,
    config: {
      ...configOf(CA, { enrolment }, pastes),
      front: 'proxy',
      proxySecrets: [SECRET],
      ...(clientCert && { clientCert }),
      gate,
      ...(logLevel && { logLevel }),
    },
    context: { ...context, ...(store && { store }) },
    ...(now && { now }),
  })
  const issuing = { ...lab.context, signer: CA }
  async function person(commonName: string, organisation?: string): Promise<Person> {
    const { privateKey, csr } = await applicant(commonName)
    const wish = { commonName, organisation, csr, pkcs12: 'compatible' } as const
    const { certificate } = await openAuthority(issuing).issue(OPERATOR, wish)
    return { certificate, privateKey, headers: presenting(certificate) }
  }
  const get = (path: string, headers: Headers = NOBODY) => request(lab.app).get(path).set(headers)
  function send(
    method: 'post' | 'delete',
    path: string,
    headers: Headers,
    body: object | string = {},
  ): request.Test {
    return request(lab.app)[method](path).set(headers).set('Content-Type', 'application/json').send(body)
  }
  const post = (path: string, headers: Headers, body?: object | string) => send('post', path, headers, body)
  const paste = (headers: Headers, content: string | Buffer, query = '') =>
    request(lab.app).post(`/pastes${query}`).set(headers).set('Content-Type', 'text/plain').send(content)
  async function proof() {
    const { status, body } = await get('/register/challenge')
    if (status !== 200) throw new Error(`There is no challenge: ${status}.`)
    const { challenge, difficulty } = body
    return { challenge, nonce: solve(challenge, difficulty) }
  }
  return {
    ...lab,
    person,
    admin: await person('Root', 'CA admins'),
    grace: await person('Grace Hopper', 'Gatehouse'),
    get,
    post,
    send,
    paste,
    proof,
    register: async (body, headers = NOBODY) =>
      await post('/register', headers, { ...(await proof()), ...body }),
    async events(name = /./) {
      await lab.settled()
      const trail = await lab.store.audit.list({ after: 0, limit: 100_000 })
      const events = trail.map(({ record }) => JSON.parse(record))
      return events.filter(({ event }) => (typeof name === 'string' ? event === name : name.test(event)))
    },
  }
}

export function solve(challenge: string, difficulty: number): string {
  for (let nonce = 0; ; nonce += 1) {
    const digest = createHash('sha256').update(`${challenge}:${nonce}`).digest()
    if (Math.clz32(digest.readUInt32BE()) >= difficulty) return String(nonce)
  }
}
