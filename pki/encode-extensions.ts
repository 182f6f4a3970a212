import { hash } from 'node:crypto'
import * as asn1js from 'asn1js'
import {
  AccessDescription,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CRLDistributionPoints,
  DistributionPoint,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  GeneralSubtree,
  InfoAccess,
  NameConstraints,
} from 'pkijs'
import type { Host } from './host-name.ts'
import { OID } from './object-identifiers.ts'
import type { Profile } from './profiles.ts'
import { encodeKeyUsage } from './read-extensions.ts'

/** What a certificate's subject is called besides its distinguished name. */
export interface AlternativeNames {
  readonly hosts?: readonly Host[]
  readonly emails?: readonly string[]
}

const RFC822_NAME = 1
const DNS_NAME = 2
const UNIFORM_RESOURCE_IDENTIFIER = 6
const IP_ADDRESS = 7

/** Where whoever relies on a certificate learns whether it is revoked. */
export interface StatusUrls {
  readonly crl: string
  readonly ocsp: string
}

interface Encodable {
  toSchema(): asn1js.AsnType
}

function extension(extnID: string, content: Encodable | asn1js.AsnType, critical = false): Extension {
  const schema = 'toSchema' in content ? content.toSchema() : content
  return new Extension({ extnID, critical, extnValue: schema.toBER() })
}

function octetString(octets: Uint8Array): asn1js.OctetString {
  return new asn1js.OctetString({ valueHex: Uint8Array.from(octets).buffer })
}

/** RFC 7093 section 2, method 1: the leftmost 160 bits of the SHA-256 of the public key. */
export function keyIdentifier(publicKeyBits: Uint8Array): asn1js.OctetString {
  return octetString(hash('sha256', publicKeyBits, 'buffer').subarray(0, 20))
}

function hostName(host: Host): GeneralName {
  return host.type === 'dns'
    ? new GeneralName({ type: DNS_NAME, value: host.name })
    : new GeneralName({ type: IP_ADDRESS, value: octetString(host.octets) })
}

function alternativeNames({ hosts = [], emails = [] }: AlternativeNames): readonly GeneralName[] {
  return [...hosts.map(hostName), ...emails.map(value => new GeneralName({ type: RFC822_NAME, value }))]
}

function isLoopback({ octets }: Host & { type: 'ip' }): boolean {
  return octets.length === 4
    ? octets[0] === 127
    : Buffer.from(octets).toString('hex') === '1'.padStart(32, '0')
}

/** RFC 5280 section 4.2.1.10: an address is followed by its mask. */
function subtree(host: Host): GeneralName {
  if (host.type === 'dns') return hostName(host)
  const prefix = host.octets.length === 4 && isLoopback(host) ? 1 : host.octets.length
  const mask = host.octets.map((_, i) => (i < prefix ? 0xff : 0))
  const base = host.octets.map((octet, i) => (i < prefix ? octet : 0))
  return new GeneralName({ type: IP_ADDRESS, value: octetString(Uint8Array.from([...base, ...mask])) })
}

/**
 * A name type that is not mentioned is not constrained, so e-mail addresses, which the root has no business with, are
 * confined to a host that receives no mail.
 */
function nameConstraints(hosts: readonly Host[]): NameConstraints {
  const bases = [...hosts.map(subtree), new GeneralName({ type: RFC822_NAME, value: 'invalid' })]
  return new NameConstraints({ permittedSubtrees: bases.map(base => new GeneralSubtree({ base })) })
}

function uri(value: string): GeneralName {
  return new GeneralName({ type: UNIFORM_RESOURCE_IDENTIFIER, value })
}

/** RFC 5280 sections 4.2.1.13 and 4.2.2.1. */
function statusExtensions({ crl, ocsp }: StatusUrls): Extension[] {
  const point = new DistributionPoint({ distributionPoint: [uri(crl)] })
  const access = new AccessDescription({ accessMethod: OID.ocsp, accessLocation: uri(ocsp) })
  return [
    extension(OID.cRLDistributionPoints, new CRLDistributionPoints({ distributionPoints: [point] })),
    extension(OID.authorityInfoAccess, new InfoAccess({ accessDescriptions: [access] })),
  ]
}

export interface ExtensionRequest {
  readonly profile: Profile
  readonly subjectKeyIdentifier: asn1js.OctetString
  readonly authorityKeyIdentifier: asn1js.OctetString
  readonly alternativeNames: AlternativeNames
  /** What a CA may name, with everything below (RFC 5280 section 4.2.1.10); left out, anything. */
  readonly permittedHosts?: readonly Host[]
  readonly statusUrls?: StatusUrls
}

/** The extensions of RFC 5280 section 4.2 that a profile asks for. */
export function encodeExtensions(request: ExtensionRequest): Extension[] {
  const { profile, permittedHosts } = request
  const names = alternativeNames(request.alternativeNames)
  const constraints = new BasicConstraints({
    cA: profile.isCa,
    ...(profile.pathLength === undefined ? {} : { pathLenConstraint: profile.pathLength }),
  })
  const authority = new AuthorityKeyIdentifier({ keyIdentifier: request.authorityKeyIdentifier })
  const extensions = [
    extension(OID.basicConstraints, constraints, true),
    extension(OID.keyUsage, encodeKeyUsage(profile.keyUsage), true),
    extension(OID.subjectKeyIdentifier, request.subjectKeyIdentifier),
    extension(OID.authorityKeyIdentifier, authority),
  ]
  if (profile.extendedKeyUsage) {
    const purposes = new ExtKeyUsage({ keyPurposes: [profile.extendedKeyUsage] })
    extensions.push(extension(OID.extendedKeyUsage, purposes))
  }
  if (names.length > 0) {
    extensions.push(extension(OID.subjectAltName, new GeneralNames({ names: [...names] })))
  }
  if (permittedHosts) extensions.push(extension(OID.nameConstraints, nameConstraints(permittedHosts), true))
  if (request.statusUrls) extensions.push(...statusExtensions(request.statusUrls))
  return extensions
}
