import type { KeyPairKeyObjectResult } from 'node:crypto'
import { nameKey, parseCommonName } from './common-name.ts'
import { parseEmailAddress } from './email-address.ts'
import { PkiError } from './errors.ts'
import { type Authority, issueCertificate } from './issue-certificate.ts'
import type { KeyFile } from './key-files.ts'
import { encodePkcs8 } from './key-type.ts'
import { ADMIN_ORGANISATION, DEFAULT_ORGANISATION } from './organisations.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { generatePassphrase } from './passphrase.ts'
import { encodeCertificatePem } from './pem.ts'
import { encodePkcs12 } from './pkcs12.ts'
import type { Pkcs12Profile } from './pkcs12-profile.ts'
import { PROFILES } from './profiles.ts'

/** A person to make a certificate for. */
export interface KeySetUser {
  readonly commonName: string
  /** Left out: `Gatehouse`. */
  readonly organisation?: string
  /** Left out: the name of the user's files at `gatehouse.localhost`. */
  readonly email?: string
}

export const ADMINISTRATOR: KeySetUser = { commonName: 'Administrator', organisation: ADMIN_ORGANISATION }
const MAIL_DOMAIN = 'gatehouse.localhost'

/** A user whose names are fit for a certificate. */
export interface ValidUser {
  readonly commonName: string
  readonly organisation: string
  readonly email: string | undefined
}

/**
 * @param isAdmin whether somebody decided that this person administers; the organisation alone never does
 * @throws PkiError NAME_INVALID, EMAIL_INVALID
 */
export function parseUser({ commonName, organisation, email }: KeySetUser, isAdmin: boolean): ValidUser {
  const parsed = {
    commonName: parseCommonName(commonName),
    organisation: parseCommonName(organisation ?? DEFAULT_ORGANISATION, 'The organisation'),
    email: email === undefined ? undefined : parseEmailAddress(email),
  }
  if (!isAdmin && nameKey(parsed.organisation) === nameKey(ADMIN_ORGANISATION)) {
    throw new PkiError(
      'NAME_INVALID',
      `The organisation must not be "${parsed.organisation}", because that makes an administrator. Ask for one explicitly: npm run -s add-user -- --admin "${parsed.commonName}".`,
    )
  }
  return parsed
}

export interface UserIssue {
  readonly user: ValidUser
  readonly fileName: string
  readonly keys: KeyPairKeyObjectResult
  readonly clientCa: Authority
  readonly pkcs12Profile: Pkcs12Profile
  readonly days: number
  readonly now: Date
}

export interface IssuedUser {
  readonly fileName: string
  readonly commonName: string
  readonly certificate: ParsedCertificate
  readonly files: readonly KeyFile[]
}

/** The certificate of a user and the four files of it, the certificate last. */
export async function issueUser(issue: UserIssue): Promise<IssuedUser> {
  const { user, fileName, keys, clientCa, now, days } = issue
  const { commonName, organisation, email = `${fileName}@${MAIL_DOMAIN}` } = user
  const request = {
    profile: PROFILES.client,
    subject: [
      { type: 'O', value: organisation },
      { type: 'CN', value: commonName },
    ],
    alternativeNames: { emails: [email] },
    now,
    days,
  }
  const certificate = await issueCertificate(request, keys.publicKey, clientCa)
  // 100 bit: a person types it once, into an import dialogue.
  const passphrase = generatePassphrase(4)
  const contents = {
    privateKey: encodePkcs8(keys.privateKey),
    certificate,
    authorities: [clientCa.certificate],
    friendlyName: commonName,
  }
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const p12 = encodePkcs12(contents, { passphrase, profile: issue.pkcs12Profile })
  const files = [
    { path: `${fileName}.key`, data: key, isSecret: true },
    { path: `${fileName}.p12`, data: p12, isSecret: true },
    { path: `${fileName}.passphrase`, data: passphrase, isSecret: true },
    { path: `${fileName}.crt`, data: encodeCertificatePem(certificate.der), isSecret: false },
  ]
  return { fileName, commonName, certificate, files }
}
