import type { Request } from 'express'
import { inertName } from '../../../pki/inert-text.ts'
import { relativeTime } from '../../../pki/relative-time.ts'
import { identityOf } from '../../identity/identification.ts'
import { certificateStatus } from '../../store/certificate-status.ts'
import type { CertificateRow, CertificateStatus } from '../../store/store.ts'
import { dayText } from '../time-text.ts'
import type { Page } from '../views.ts'
import { SYSTEMS, visitorSystem } from './visitor-system.ts'

export const STATUS_BADGES: Readonly<Record<CertificateStatus, string>> = {
  recorded: 'warn',
  valid: 'good',
  expired: '',
  revoked: 'bad',
}

/** Why its holder ends a certificate, in the words of a holder. */
export const OWN_REASONS = [
  ['keyCompromise', 'Somebody else may have the key'],
  ['superseded', 'I have another one'],
  ['cessationOfOperation', 'I do not need it any more'],
  ['unspecified', 'Another reason'],
] as const

/** All of one holder, newest first. */
export function certificatesPage(request: Request, rows: readonly CertificateRow[], now: Date): Page {
  const { serial } = identityOf(request)
  return {
    view: 'certificates',
    data: {
      title: 'My certificates',
      isWide: true,
      profile: SYSTEMS[visitorSystem(request)].profile,
      reasons: OWN_REASONS,
      isKnown: rows.length > 0,
      certificates: rows.map(row => shown(row, serial, now)),
    },
  }
}

function shown(row: CertificateRow, presented: string | null, now: Date) {
  const status = certificateStatus(row, now.getTime())
  const ends = row.revokedAt ?? row.notAfter
  return {
    serial: row.serial,
    name: inertName(row.commonName),
    status,
    badge: STATUS_BADGES[status],
    isPresented: row.serial === presented,
    isSuperseded: status === 'valid' && row.revokedAt !== null,
    from: dayText(row.notBefore),
    until: dayText(ends),
    relative: relativeTime(new Date(ends), now),
    mayRevoke: status === 'valid',
  }
}
