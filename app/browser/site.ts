import type { SigningRequestWish } from '../../pki/encode-signing-request.ts'
import { solveChallenge } from './proof-of-work.ts'

/** Where this page is from. */
export interface Site {
  readonly root: URL
  /** Of the page's form. */
  readonly csrf: string
}

/** What the site says no with; its sentence is for people. */
export class SiteError extends Error {
  override readonly name = 'SiteError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Certified {
  readonly serial: string
  readonly name: string
  /** PEM. */
  readonly certificate: string
}

export type Standing =
  | { readonly status: 'issued'; readonly certified: Certified }
  | { readonly status: 'waiting'; readonly id: string }
  | { readonly status: 'rejected'; readonly reason: string }

/** As far as it is used here, of a certificate and of a request. */
interface Answer {
  readonly id?: string
  readonly status: string
  readonly reason: string | null
  readonly serial: string | null
  readonly common_name: string
  readonly certificate: string | null
}

async function ask({ root, csrf }: Site, path: string, body?: object): Promise<Response> {
  const answer = await fetch(new URL(path, root), {
    headers: {
      Accept: 'application/json',
      ...(body && { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }),
    },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  if (answer.ok) return answer
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
  throw new SiteError(answer.status, detail ?? `The server answered with ${answer.status}. Try again later.`)
}

async function standingIn(answer: Response): Promise<Standing> {
  const { id = '', status, reason, serial, common_name, certificate } = (await answer.json()) as Answer
  if (serial !== null && certificate !== null)
    return { status: 'issued', certified: { serial, name: common_name, certificate } }
  return status === 'rejected' ? { status, reason: reason ?? '' } : { status: 'waiting', id }
}

/** @throws SiteError */
export async function register(
  site: Site,
  { subject, emails = [] }: SigningRequestWish,
  csr: string,
): Promise<Standing> {
  const given = (type: string) => subject.find(attribute => attribute.type === type)?.value
  const asked = await ask(site, 'register/challenge')
  const { challenge, difficulty } = (await asked.json()) as { challenge: string; difficulty: number }
  const nonce = await solveChallenge(challenge, difficulty)
  const wish = { common_name: given('CN'), organisation: given('O'), email: emails[0] }
  return await standingIn(await ask(site, 'register', { challenge, nonce, csr, ...wish }))
}

/** @throws SiteError */
export async function lookUp(site: Site, id: string): Promise<Standing> {
  return await standingIn(await ask(site, `pki/requests/${encodeURIComponent(id)}`))
}

/** In DER. @throws SiteError */
export async function fetchClientCa(site: Site): Promise<Uint8Array> {
  return new Uint8Array(await (await ask(site, 'pki/ca.crt?format=der')).arrayBuffer())
}
