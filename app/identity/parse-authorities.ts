import { X509Certificate } from 'node:crypto'
import { type ParsedCertificate, parseCertificate } from '../../pki/parse-certificate.ts'

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The client CAs of a PEM file; more than one while a CA is replaced by its successor.
 * @throws RangeError when there is none, or one of them is no certificate authority
 */
export function parseAuthorities(pem: string | Uint8Array): readonly ParsedCertificate[] {
  const blocks = Buffer.from(pem).toString('latin1').match(PEM) ?? []
  if (blocks.length === 0) throw new RangeError('it holds no certificate in PEM form')
  return blocks.map((block, index) => {
    const authority = parse(block, index)
    if (!authority.isCa) throw new RangeError(`certificate ${index + 1} in it is no certificate authority`)
    return authority
  })
}

function parse(block: string, index: number): ParsedCertificate {
  try {
    return parseCertificate(new X509Certificate(block).raw)
  } catch (cause) {
    throw new RangeError(`certificate ${index + 1} in it cannot be read`, { cause })
  }
}
