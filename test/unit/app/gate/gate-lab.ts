import type { Response, Test } from 'supertest'
import { expect } from 'vitest'
import { type GateConfig, type GateRules, gateRulesOf } from '../../../../app/config-gate.ts'
import { hotp, timeStep } from '../../../../app/gate/totp.ts'
import type { Store } from '../../../../app/store/store.ts'
import { generateGateKeys } from '../../../../pki/gate-keys.ts'
import { GATE } from '../../../../proxy-configs/gate-contract.ts'
import { type ApiLab, apiLab, type Headers, NOBODY } from '../api-lab.ts'
import { contract } from '../lab.ts'

export const GATE_KEYS = await generateGateKeys()
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export const PAGE = { Accept: 'text/html,application/xhtml+xml' }

export function from(address: string): Headers {
  return contract({ forwardedFor: address })
}

export function withCookie(cookie: string, headers: Headers = NOBODY): Headers {
  return { ...headers, Cookie: cookie }
}

export interface Account {
  readonly user: string
  /** Base32, as people are shown it. */
  readonly secret: string
  readonly recoveryCodes: readonly string[]
  /** `NAME=TOKEN` of the session that the set-up has opened. */
  readonly cookie: string
}

export interface GateLab extends ApiLab {
  /** Stands still until somebody moves it. */
  readonly clock: { readonly now: Date; pass(ms: number): void }
  /** The code that an app shows at this time, or so many steps from it. */
  code(of: { readonly secret: string }, steps?: number): string
  logIn(user: string, code: string, headers?: Headers): Test
  beginSetup(headers: Headers, body?: object): Test
  confirmSetup(body: object, headers?: Headers): Test
  /** All of a set-up; the code that it took is one step old when it returns. */
  setUp(headers: Headers, body?: object): Promise<Account>
  /** Somebody whom an administrator has invited. */
  invited(name: string): Promise<Account>
  verify(cookie: string): Promise<number>
}

export interface GateLabOptions {
  readonly rules?: Partial<GateRules>
  readonly config?: Partial<GateConfig>
  readonly store?: Store
  readonly start?: Date
}

export function gateConfig({ rules, config }: GateLabOptions = {}): GateConfig {
  return { keys: GATE_KEYS, secret: 'ab'.repeat(32), rules: { ...gateRulesOf({}), ...rules }, ...config }
}

export async function gateLab(options: GateLabOptions = {}): Promise<GateLab> {
  const { store, start = new Date() } = options
  let now = start
  const lab = await apiLab({ gate: gateConfig(options), now: () => now, ...(store && { store }) })
  const clock = {
    get now() {
      return now
    },
    pass(ms: number) {
      now = new Date(now.getTime() + ms)
    },
  }
  const code = ({ secret }: { readonly secret: string }, steps = 0) => codeOfSecret(secret, steps, now)
  const beginSetup = (headers: Headers, body = {}) => lab.post('/_auth/setup', headers, body)
  const confirmSetup = (body: object, headers: Headers = NOBODY) =>
    lab.post('/_auth/setup/confirm', headers, body)

  async function setUp(headers: Headers, body = {}): Promise<Account> {
    const offer = await beginSetup(headers, body).expect(201)
    const { setup, secret, user } = offer.body
    const done = await confirmSetup({ setup, code: code({ secret }) }, headers).expect(201)
    clock.pass(30 * SECOND)
    return { user, secret, recoveryCodes: done.body.recovery_codes, cookie: cookieOf(done) }
  }

  return {
    ...lab,
    clock,
    code,
    logIn: (user, typed, headers = NOBODY) => lab.post('/_auth/login', headers, { user, code: typed }),
    beginSetup,
    confirmSetup,
    setUp,
    async invited(name) {
      const { body } = await lab.post('/_auth/invitations', lab.admin.headers, { user: name }).expect(201)
      return await setUp(NOBODY, { invitation: body.invitation })
    },
    verify: async cookie => (await lab.get('/_auth/verify', withCookie(cookie))).status,
  }
}

/** The cookies of sessions that an answer sets: a page with a form may set another one. */
export function sessionCookiesOf({ headers }: Pick<Response, 'headers'>): readonly string[] {
  return [headers['set-cookie'] ?? []].flat().filter(cookie => cookie.startsWith(`${GATE.cookie}=`))
}

/** `NAME=TOKEN` of the one that an answer sets. */
export function cookieOf(answer: Pick<Response, 'headers'>): string {
  const cookies = sessionCookiesOf(answer)
  expect(cookies).toHaveLength(1)
  return cookies[0]?.split(';')[0] ?? ''
}

export function codeOf({ body, text }: Response): string {
  return body.code ?? JSON.parse(text).code
}

/** The code that an app shows now, or so many steps from now. */
export function codeOfSecret(secret: string, steps = 0, at = new Date()): string {
  return hotp(fromBase32(secret), timeStep(at) + steps)
}

/** RFC 4648 section 6, as an app reads it. */
function fromBase32(text: string): Buffer {
  const bits = [...text].map(symbol =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(symbol).toString(2).padStart(5, '0'),
  )
  const octets = bits.join('').match(/.{8}/g) ?? []
  return Buffer.from(octets.map(octet => Number.parseInt(octet, 2)))
}
