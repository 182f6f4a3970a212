import * as asn1js from 'asn1js'
import { type Certificate, Extension } from 'pkijs'
import type { ReasonCode } from '../../app/identity/reasons.ts'
import type { Authority } from '../../pki/issue-certificate.ts'
import { PROFILES } from '../../pki/profiles.ts'
import { makeUser, pemOf } from '../unit/app/lab.ts'
import type { ClientKeys } from './ask.ts'
import { forge, nameOf, pem } from './forge.ts'
import { makeClientCa } from './lab.ts'

const DAY_MS = 86_400_000

/** A certificate that is refused, and what its owner is told. */
export interface Refused {
  readonly code: ReasonCode
  readonly detail: RegExp
  readonly make: (clientCa: Authority) => Promise<ClientKeys>
  /** The alert (RFC 8446 section 6) of a server that ends the handshake for it. */
  readonly alert?: number
}

const shift = (days: number) => new Date(Date.now() + days * DAY_MS)

function twoOfOneExtension(certificate: Certificate): void {
  const extnValue = new asn1js.Null().toBER()
  const one = () => new Extension({ extnID: '1.2.3.4', critical: false, extnValue })
  certificate.extensions = [...(certificate.extensions ?? []), one(), one()]
}

/** The authority's own signature, below a name that it did not sign. */
async function changedName(clientCa: Authority): Promise<ClientKeys> {
  const { certificate, privateKey } = await makeUser(clientCa)
  const der = Buffer.from(certificate.der)
  der.write('Alice', der.indexOf('Grace'))
  return pem(der, privateKey)
}

function ofAnotherAuthority(certificate: Certificate): void {
  certificate.issuer = nameOf([['CN', 'Another CA']])
}

export const REFUSED: Readonly<Record<string, Refused>> = {
  expired: {
    code: 'CERT_EXPIRED',
    detail: /^The certificate expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z, 5 days ago\. .*successor/,
    make: async clientCa => pemOf(await makeUser(clientCa, { now: shift(-15.5), days: 10 })),
    alert: 45,
  },
  'not yet valid': {
    code: 'CERT_NOT_YET_VALID',
    detail:
      /^The certificate becomes valid at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z, in 4 days\. .*Come back then/,
    make: async clientCa => pemOf(await makeUser(clientCa, { now: shift(4.5) })),
    alert: 42,
  },
  'of another authority': {
    code: 'CERT_ISSUER_UNKNOWN',
    detail: /^The certificate was issued by an authority that is not trusted here\. .*another one/,
    make: async () => await forge(await makeClientCa(), { change: ofAnotherAuthority }),
  },
  'of another authority of the same name': {
    code: 'CERT_ISSUER_UNKNOWN',
    detail: /^The certificate was not issued by this authority\. .*another one/,
    make: async () => pemOf(await makeUser(await makeClientCa())),
  },
  'of another name than was signed': {
    code: 'CERT_SIGNATURE_INVALID',
    detail: /^The certificate names this authority as its issuer, but the authority did not sign it\. /,
    make: changedName,
    alert: 51,
  },
  'for servers only': {
    code: 'CERT_UNSUITABLE',
    detail: /^The certificate cannot be used to log in: its extended key usage does not name clientAuth\. /,
    make: async clientCa => pemOf(await makeUser(clientCa, { profile: PROFILES.server })),
    alert: 43,
  },
  'of an authority': {
    code: 'CERT_UNSUITABLE',
    detail: /^The certificate cannot be used to log in: it belongs to a certificate authority\. /,
    make: async clientCa => pemOf(await makeUser(clientCa, { profile: { ...PROFILES.client, isCa: true } })),
  },
  'with one extension twice': {
    code: 'CERT_MALFORMED',
    detail: /^The bytes are DER, but not an X\.509 certificate\. /,
    make: clientCa => forge(clientCa, { change: twoOfOneExtension }),
  },
}
