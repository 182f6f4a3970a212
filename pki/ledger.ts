import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts'
import { decodeCertificatePems } from './pem.ts'

export function readLedger(text: string): readonly ParsedCertificate[] {
  return decodeCertificatePems(text).map(parseCertificate)
}
