import type { DistinguishedName } from '../../../pki/distinguished-name.ts'
import { type Authority, issueCertificate, issueRoot } from '../../../pki/issue-certificate.ts'
import { generateKey } from '../../../pki/key-type.ts'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { PROFILES, type Profile } from '../../../pki/profiles.ts'
import { HEADER } from '../../../proxy-configs/header-contract.ts'
import { type Credential, HOSTS, NOW } from '../../support/lab.ts'

export const SECRET = 'f1b9a4c65d2e47809a3b1c2d3e4f5061'

export interface UserWish {
  readonly subject?: DistinguishedName
  readonly emails?: readonly string[]
  readonly profile?: Profile
  readonly now?: Date
  readonly days?: number
}

export const GRACE: DistinguishedName = [
  { type: 'O', value: 'Gatehouse' },
  { type: 'CN', value: 'Grace Hopper' },
]

/** A client certificate as `make generate-keys` makes it, apart from what is wished. */
export async function makeUser(authority: Authority, wish: UserWish = {}): Promise<Credential> {
  const { publicKey, privateKey } = await generateKey('ec-p256')
  const request = {
    profile: wish.profile ?? PROFILES.client,
    subject: wish.subject ?? GRACE,
    alternativeNames: { emails: wish.emails ?? ['grace@gatehouse.localhost'] },
    now: wish.now ?? NOW,
    ...(wish.days === undefined ? {} : { days: wish.days }),
  }
  return { privateKey, certificate: await issueCertificate(request, publicKey, authority) }
}

export async function makeServer(authority: Authority, hosts = HOSTS): Promise<Credential> {
  const { publicKey, privateKey } = await generateKey('ec-p256')
  const subject = [{ type: 'CN', value: 'gatehouse.localhost' }]
  const request = { profile: PROFILES.server, subject, alternativeNames: { hosts }, now: NOW }
  return { privateKey, certificate: await issueCertificate(request, publicKey, authority) }
}

/** A certificate that its own key signs, with any subject. */
export async function makeOwn(
  subject: DistinguishedName,
  profile: Profile = PROFILES.client,
): Promise<Credential> {
  const { privateKey } = await generateKey('ec-p256')
  return { privateKey, certificate: await issueRoot({ profile, subject, now: NOW, days: 30 }, privateKey) }
}

export function pemOf({ certificate, privateKey }: Credential) {
  return {
    cert: encodeCertificatePem(certificate.der),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A certificate as RFC 9440 section 2.1 writes it. */
export function field({ der }: ParsedCertificate): string {
  return `:${Buffer.from(der).toString('base64')}:`
}

/** What a proxy of the contract sends; `undefined` leaves one out, an array repeats it. */
export function contract(
  over: Partial<Record<keyof typeof HEADER, string | readonly string[] | undefined>> = {},
): Record<string, string | string[]> {
  const values = { verify: 'NONE', proxySecret: SECRET, requestId: 'request-1', via: '1.1 nginx', ...over }
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [HEADER[name as keyof typeof HEADER], value as string | string[]]),
  )
}

/** As Node hands them over: name, value, name, value. */
export function rawHeaders(headers: Readonly<Record<string, string | readonly string[]>>): string[] {
  return Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap(value => [name, value]))
}
