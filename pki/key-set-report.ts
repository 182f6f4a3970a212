import { attributes } from './distinguished-name.ts'
import { CORE_FILES } from './key-files.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import type { StoredKeySet } from './read-key-set.ts'

export interface KeySetReport {
  /** Absolute. */
  readonly dir: string
  readonly outcome: 'made' | 'replaced' | 'extended' | 'unchanged'
  /** Where the replaced set is now. */
  readonly replaced?: string
  readonly certificates: readonly ReportedCertificate[]
}

export interface ReportedCertificate {
  /** Relative to `dir`. */
  readonly file: string
  readonly role: 'server root' | 'client CA' | 'server' | 'user'
  /** Common name. */
  readonly name: string
  readonly certificate: ParsedCertificate
  /** Made now, not found. */
  readonly isNew: boolean
}

/** The certificates of a set, authorities first. */
export function reportCertificates(
  set: Omit<StoredKeySet, 'dir'>,
  isNew: (certificate: ParsedCertificate) => boolean,
): readonly ReportedCertificate[] {
  const entry = (file: string, role: ReportedCertificate['role'], certificate: ParsedCertificate) => ({
    file,
    role,
    name: attributes(certificate.subject, 'CN').join(' '),
    certificate,
    isNew: isNew(certificate),
  })
  return [
    entry(CORE_FILES.serverRoot, 'server root', set.serverRoot),
    entry(CORE_FILES.clientCa, 'client CA', set.clientCa),
    entry(CORE_FILES.serverCertificate, 'server', set.server),
    ...set.users.map(user => entry(`${user.fileName}.crt`, 'user', user.certificate)),
  ]
}
