import { isDeepStrictEqual } from 'node:util'
import * as asn1js from 'asn1js'
import {
  type Attribute,
  BasicConstraints,
  type Extension,
  Extensions,
  ExtKeyUsage,
  type GeneralName,
  GeneralNames,
  type RelativeDistinguishedNames,
} from 'pkijs'
import { assertDer } from './assert-der.ts'
import { decodeName } from './distinguished-name.ts'
import { inertText } from './inert-text.ts'
import { OID } from './object-identifiers.ts'
import { PROFILES } from './profiles.ts'
import { decodeKeyUsage } from './read-extensions.ts'

/** What a signing request asks for besides a name and a key. */
export interface Wishes {
  /** `rfc822Name` entries of subject alternative names, as they are written. */
  readonly emails: readonly string[]
  /** One sentence for each thing that nobody gets; harmless to show. */
  readonly refused: readonly string[]
}

// Our own choice: what a person reads before deciding.
const MAX_SENTENCES = 30
const MAX_CHARACTERS = 200

const EXTENSION_NAMES: Readonly<Record<string, string>> = {
  '2.5.29.30': 'name constraints',
  '2.5.29.31': 'CRL distribution points',
  '2.5.29.32': 'certificate policies',
  '2.5.29.36': 'policy constraints',
  '1.3.6.1.5.5.7.1.1': 'authority information access',
  '1.3.6.1.5.5.7.1.24': 'TLS feature',
  '1.3.6.1.4.1.311.20.2': 'certificate template name',
  '1.3.6.1.4.1.311.21.7': 'certificate template',
}
const PURPOSES: Readonly<Record<string, string>> = {
  [OID.serverAuth]: 'serverAuth',
  [OID.clientAuth]: 'clientAuth',
  [OID.anyExtendedKeyUsage]: 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
}
const RFC822_NAME = 1
const { keyUsage: OUR_USAGE, extendedKeyUsage: OUR_PURPOSE } = PROFILES.client

/** As people write addresses; anything but IPv4 in hexadecimal. */
function showAddress(octets: Uint8Array): string {
  return octets.length === 4 ? octets.join('.') : Buffer.from(octets).toString('hex')
}

/** By the tags of GeneralName, RFC 5280 section 4.2.1.6. */
const SHOW_NAME: Readonly<Record<number, (value: GeneralName['value']) => string>> = {
  0: () => 'of another kind',
  2: value => `dns:${value}`,
  4: value =>
    `directory:${decodeName(value as RelativeDistinguishedNames)
      .map(attribute => `${attribute.type}=${attribute.value}`)
      .join(', ')}`,
  6: value => `uri:${value}`,
  7: value => `ip:${showAddress((value as asn1js.OctetString).valueBlock.valueHexView)}`,
  8: value => `registered:${value}`,
}

function namesOf(schema: asn1js.BaseBlock): readonly GeneralName[] {
  return new GeneralNames({ schema }).names
}

function refuseNames(schema: asn1js.BaseBlock): readonly string[] {
  const others = namesOf(schema).filter(({ type }) => type !== RFC822_NAME)
  return others.map(
    ({ type, value }) => `subject alternative name ${SHOW_NAME[type]?.(value) ?? `of kind ${type}`}`,
  )
}

/** What our own profile says is granted anyway, so there is nothing to tell. */
const REFUSE: Readonly<Record<string, (schema: asn1js.BaseBlock) => readonly string[]>> = {
  [OID.subjectKeyIdentifier]: () => [],
  [OID.basicConstraints]: schema => (new BasicConstraints({ schema }).cA ? ['CA:TRUE'] : []),
  [OID.keyUsage]: schema => {
    const usages = decodeKeyUsage(schema)
    return isDeepStrictEqual(usages, OUR_USAGE) ? [] : [`key usage ${usages.join(', ')}`]
  },
  [OID.extendedKeyUsage]: schema => {
    const { keyPurposes } = new ExtKeyUsage({ schema })
    const names = keyPurposes.map(purpose => PURPOSES[purpose] ?? purpose)
    return isDeepStrictEqual(keyPurposes, [OUR_PURPOSE]) ? [] : [`extended key usage ${names.join(', ')}`]
  },
  [OID.subjectAltName]: refuseNames,
}

function decodeContent({ extnValue }: Extension): asn1js.BaseBlock {
  const octets = extnValue.valueBlock.valueHexView
  assertDer(octets, 'CSR_MALFORMED')
  return asn1js.fromBER(octets).result
}

function refuseExtension(extension: Extension): readonly string[] {
  const refuse = REFUSE[extension.extnID]
  if (refuse) return refuse(decodeContent(extension))
  return [`extension ${EXTENSION_NAMES[extension.extnID] ?? extension.extnID}`]
}

function emailsOf(extension: Extension): readonly string[] {
  if (extension.extnID !== OID.subjectAltName) return []
  const names = namesOf(decodeContent(extension))
  return names.filter(({ type }) => type === RFC822_NAME).map(({ value }) => String(value))
}

const EXTENSION_REQUESTS: ReadonlySet<string> = new Set([OID.extensionRequest, OID.microsoftExtensionRequest])

function extensionsOf({ type, values }: Attribute): readonly Extension[] {
  if (!EXTENSION_REQUESTS.has(type)) return []
  return values.flatMap(schema => new Extensions({ schema }).extensions)
}

/** RFC 2985 section 5.4; a password is a secret even where nobody asked for it. */
function refuseAttribute(attribute: Attribute): readonly string[] {
  if (EXTENSION_REQUESTS.has(attribute.type)) return extensionsOf(attribute).flatMap(refuseExtension)
  if (attribute.type === OID.challengePassword) return ['a challenge password']
  if (attribute.type === OID.unstructuredName) return ['an unstructured name']
  return [`attribute ${attribute.type}`]
}

function show(sentence: string): string {
  const characters = [...inertText(sentence)]
  return characters.length > MAX_CHARACTERS
    ? `${characters.slice(0, MAX_CHARACTERS).join('')}…`
    : characters.join('')
}

function shorten(sentences: readonly string[]): readonly string[] {
  const more = sentences.length - MAX_SENTENCES
  return more > 0 ? [...sentences.slice(0, MAX_SENTENCES), `and ${more} more`] : sentences
}

/** @throws PkiError, or another error, when an extension is not of the form that its OID promises */
export function readWishes(attributes: readonly Attribute[]): Wishes {
  return {
    emails: attributes.flatMap(extensionsOf).flatMap(emailsOf),
    refused: shorten(attributes.flatMap(refuseAttribute).map(show)),
  }
}
