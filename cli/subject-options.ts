import { parseCommonName } from '../pki/common-name.ts'
import type { DistinguishedName } from '../pki/distinguished-name.ts'
import { parseEmailAddress } from '../pki/email-address.ts'
import { CliError } from './errors.ts'

export interface SubjectOptions {
  readonly name?: string
  readonly organisation?: string
  readonly email?: string
}

/** Who a certificate is to be for. */
export interface Subject {
  readonly commonName: string
  readonly organisation: string | undefined
  readonly email: string | undefined
}

/** @throws CliError USAGE; PkiError NAME_INVALID, EMAIL_INVALID */
export function parseSubject({ name, organisation, email }: SubjectOptions): Subject {
  if (name === undefined) throw new CliError('USAGE', 'Say who it is for: --name "Grace Hopper".')
  return {
    commonName: parseCommonName(name),
    organisation: organisation === undefined ? undefined : parseCommonName(organisation, 'The organisation'),
    email: email === undefined ? undefined : parseEmailAddress(email),
  }
}

export function distinguishedName({ commonName, organisation }: Subject): DistinguishedName {
  const own = [{ type: 'CN', value: commonName }]
  return organisation === undefined ? own : [{ type: 'O', value: organisation }, ...own]
}

/** As the server takes it. */
export function subjectBody({ commonName, organisation, email }: Subject) {
  return {
    common_name: commonName,
    ...(organisation === undefined ? {} : { organisation }),
    ...(email === undefined ? {} : { email }),
  }
}
