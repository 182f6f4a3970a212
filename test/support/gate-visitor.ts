import { codeOfSecret } from '../unit/app/gate/gate-lab.ts'
import { type Answer, ask, type ClientKeys, person } from './ask.ts'
import type { Stack } from './stack.ts'

/** Somebody without a certificate whom an administrator has invited, and who has set up. */
export interface Visitor {
  readonly user: string
  readonly secret: string
  /** Of the session that the set-up has opened. */
  readonly cookie: readonly ['Cookie', string]
}

export async function postJson(
  stack: Pick<Stack, 'port'>,
  path: string,
  body: object,
  { as, cookie }: { readonly as?: ClientKeys; readonly cookie?: readonly ['Cookie', string] } = {},
): Promise<Answer> {
  const headers = [['Content-Type', 'application/json'] as const, ...(cookie ? [cookie] : [])]
  // `ask` sends an octet for each character.
  const octets = Buffer.from(JSON.stringify(body)).toString('latin1')
  return await ask(stack, { method: 'POST', path, as, headers, body: octets })
}

export function cookieSetBy({ headers }: Pick<Answer, 'headers'>): readonly ['Cookie', string] {
  const [cookie = ''] = [headers['set-cookie']].flat()
  return ['Cookie', String(cookie).split(';')[0] ?? '']
}

export async function invited(stack: Pick<Stack, 'port'>, user: string): Promise<Visitor> {
  const invitation = await postJson(stack, '/_auth/invitations', { user }, { as: person('admin') })
  const offer = await postJson(stack, '/_auth/setup', { invitation: JSON.parse(invitation.body).invitation })
  const { setup, secret } = JSON.parse(offer.body)
  const done = await postJson(stack, '/_auth/setup/confirm', { setup, code: codeOfSecret(secret) })
  if (done.status !== 201) throw new Error(`The set-up was answered ${done.status}: ${done.body}`)
  return { user, secret, cookie: cookieSetBy(done) }
}
