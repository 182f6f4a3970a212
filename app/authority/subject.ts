import { nameKey, parseCommonName } from '../../pki/common-name.ts'
import type { DistinguishedName } from '../../pki/distinguished-name.ts'
import { soleAttribute } from '../../pki/distinguished-name.ts'
import { parseEmailAddress } from '../../pki/email-address.ts'
import { ADMIN_ORGANISATION, DEFAULT_ORGANISATION } from '../../pki/organisations.ts'
import type { SigningRequest } from '../../pki/signing-request.ts'
import { AppError } from '../errors.ts'
import { guardedOrganisations } from '../identity/require-identity.ts'

/** Whom a certificate is asked for, in the words of whoever asks. */
export interface SubjectWish {
  readonly commonName?: string | undefined
  readonly organisation?: string | undefined
  readonly email?: string | undefined
}

/** Whom a certificate may be issued for: every value is fit for one. */
export interface Subject {
  readonly commonName: string
  readonly organisation: string | null
  readonly email: string | null
}

/** What the wish leaves out is taken from the signing request, as a wish that the same rules judge. */
export function completeWish(wish: SubjectWish, request: SigningRequest | undefined): SubjectWish {
  if (!request) return wish
  return {
    commonName: wish.commonName ?? soleAttribute(request.subject, 'CN'),
    organisation: wish.organisation ?? soleAttribute(request.subject, 'O'),
    email: wish.email ?? request.emails[0] ?? soleAttribute(request.subject, 'emailAddress'),
  }
}

/**
 * Compatibility forms (full-width letters, ligatures) become what they stand for.
 * @throws PkiError NAME_INVALID, EMAIL_INVALID
 */
export function parseSubject({ commonName = '', organisation, email }: SubjectWish): Subject {
  return {
    commonName: parseCommonName(commonName.normalize('NFKC')),
    organisation: organisation ? parseCommonName(organisation.normalize('NFKC'), 'The organisation') : null,
    email: email ? parseEmailAddress(email) : null,
  }
}

/**
 * What the key script gives, what a guard asks for and what the configuration names is nobody's for the asking.
 * @throws AppError ORGANISATION_RESERVED, for look-alikes too
 */
export function assertNotReserved({ organisation }: Subject, configured: readonly string[]): void {
  if (organisation === null) return
  const key = nameKey(organisation)
  const reserved = [ADMIN_ORGANISATION, DEFAULT_ORGANISATION, ...guardedOrganisations(), ...configured]
  const match = reserved.find(name => nameKey(name) === key)
  if (match === undefined) return
  throw new AppError(
    'ORGANISATION_RESERVED',
    `The organisation must not be "${organisation}": "${match}" is given by an administrator only. Leave it out, or name another.`,
  )
}

export function distinguishedName({ organisation, commonName }: Subject): DistinguishedName {
  const name = { type: 'CN', value: commonName }
  return organisation === null ? [name] : [{ type: 'O', value: organisation }, name]
}
