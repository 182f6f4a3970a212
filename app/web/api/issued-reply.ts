import type { Request } from 'express'
import type { HandedOut } from '../../authority/hand-out.ts'
import { MEDIA_TYPES } from './certificate-formats.ts'
import type { Reply } from './route.ts'
import { certificateJson } from './schemas.ts'

/** Carries the passphrase of a PKCS#12 file beside the file itself. */
export const PASSPHRASE_HEADER = 'Gatehouse-Passphrase'

/** A new certificate as JSON; with it, if the key was made here, the PKCS#12 file and its passphrase, this once. */
export function issuedReply(
  handedOut: HandedOut,
  now: Date,
  more: Readonly<Record<string, unknown>> = {},
): Reply {
  const { row, pkcs12 } = handedOut
  const file = pkcs12 && {
    pkcs12: Buffer.from(pkcs12.bytes).toString('base64'),
    passphrase: pkcs12.passphrase,
  }
  return {
    status: 201,
    headers: { Location: `/pki/certs/${row.serial}` },
    json: { ...certificateJson(row, now), certificate: row.pem, ...file, ...more },
  }
}

/** The file alone, for whoever asks for one. */
export function pkcs12Reply({ row, pkcs12 }: HandedOut): Reply | undefined {
  return (
    pkcs12 && {
      status: 201,
      headers: {
        [PASSPHRASE_HEADER]: pkcs12.passphrase,
        'Content-Disposition': `attachment; filename="${row.serial}.p12"`,
        Location: `/pki/certs/${row.serial}`,
      },
      type: MEDIA_TYPES.pkcs12,
      octets: pkcs12.bytes,
    }
  )
}

export function wantsPkcs12({ headers }: Request): boolean {
  return headers.accept?.includes(MEDIA_TYPES.pkcs12) === true
}
