import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import type { Verify } from './identity.ts'
import type { FailureCode, Offer, Reading } from './offer.ts'
import { readByteSequence } from './read-byte-sequence.ts'
import { createSecretMatcher } from './secret-matcher.ts'

const READ = [
  'clientCert',
  'clientCertUnverified',
  'verify',
  'proxySecret',
  'requestId',
  'via',
  'forwardedFor',
] as const
type Field = (typeof READ)[number]
type Values = Record<Field, readonly string[]>

const FIELDS: ReadonlyMap<string, Field> = new Map(READ.map(field => [HEADER[field].toLowerCase(), field]))

// Most headers are none of ours, and lower-casing every name is what would take longest.
const LENGTHS: ReadonlySet<number> = new Set([...FIELDS.keys()].map(name => name.length))

// Printable ASCII only: the reason goes into logs and into the answer.
const FAILED = /^FAILED:[\x20-\x7e]{1,200}$/
// RFC 9110 section 7.6.3, as our proxies write it: exactly one hop, without comment.
const VIA = /^1\.1 ([a-z0-9][a-z0-9.-]{0,63})$/
// Our own choice: whatever a proxy may use as an identifier, and nothing that a log could be broken with.
const REQUEST_ID = /^[A-Za-z0-9._:+/=-]{1,128}$/

/**
 * One pass over the headers as they came: `request.headers` joins repeated ones (`NONE, SUCCESS`) or silently
 * drops all but the first, and has merged nothing that says so.
 */
function collect(rawHeaders: readonly string[]): Values {
  const values = {
    clientCert: [],
    clientCertUnverified: [],
    verify: [],
    proxySecret: [],
    requestId: [],
    via: [],
    forwardedFor: [],
  }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const field = LENGTHS.has(name.length) ? FIELDS.get(name.toLowerCase()) : undefined
    if (field) (values[field] as string[]).push(rawHeaders[i + 1] as string)
  }
  return values
}

function refused(code: FailureCode, reason: string, verify: Verify = 'FAILED:unreadable headers'): Offer {
  return { kind: 'refused', failure: { code, reason }, verify }
}

/** Nothing at all is believed, so nothing is said about a certificate either. */
function unproved(code: FailureCode, reason: string): Reading {
  const offer: Offer = { kind: 'refused', failure: { code, reason }, verify: 'NONE' }
  return { offer, via: null, requestId: null, address: null }
}

function sole(values: readonly string[], form: RegExp): RegExpExecArray | null {
  return values.length === 1 ? form.exec(values[0] as string) : null
}

function soleAddress([address = '', ...others]: readonly string[]): string | null {
  return others.length === 0 && isIP(address) !== 0 ? address : null
}

function certificate(
  name: string,
  value: string | undefined,
  finding: 'validated' | `FAILED:${string}`,
): Offer {
  const der = readByteSequence(value ?? '')
  if (!der) return refused('HEADER_MALFORMED', `${name} is not a Byte Sequence as RFC 9440 wants it.`)
  return { kind: 'certificate', der, finding }
}

/** The combinations that a proxy of the contract can send; every other one is refused. */
function readOffer(values: Values): Offer {
  for (const field of ['clientCert', 'clientCertUnverified', 'verify'] as const) {
    if (values[field].length > 1) return refused('HEADER_REPEATED', `${HEADER[field]} came more than once.`)
  }
  const [verify = ''] = values.verify
  const failed = FAILED.test(verify) ? (verify as `FAILED:${string}`) : undefined
  switch (`${failed ? 'FAILED' : verify} ${values.clientCert.length} ${values.clientCertUnverified.length}`) {
    case 'NONE 0 0':
      return { kind: 'none' }
    case 'SUCCESS 1 0':
      return certificate(HEADER.clientCert, values.clientCert[0], 'validated')
    case 'FAILED 0 1':
      return certificate(HEADER.clientCertUnverified, values.clientCertUnverified[0], failed ?? 'FAILED:')
    case 'FAILED 0 0':
      return refused('CERT_REFUSED_BY_PROXY', `The proxy says ${verify}.`, failed)
  }
  if (failed || verify === 'NONE' || verify === 'SUCCESS') {
    return refused(
      'HEADERS_CONTRADICTORY',
      `${HEADER.verify} and the certificate headers contradict each other.`,
    )
  }
  return refused('HEADER_MALFORMED', `${HEADER.verify} is not exactly SUCCESS, NONE or FAILED:reason.`)
}

/**
 * Reads the header contract (proxy-configs/README.md). Without the right proxy secret nothing is believed, not even
 * the request identifier. Anything but exactly one value of exactly the right form counts as no identity.
 * @param proxySecrets all that are right at the moment, so that one can be replaced while proxies still send the other
 */
export function createContractReader(
  proxySecrets: readonly string[],
): (request: Pick<IncomingMessage, 'rawHeaders'>) => Reading {
  const isProxySecret = createSecretMatcher(proxySecrets)
  return function readContract({ rawHeaders }) {
    const values = collect(rawHeaders)
    const [secret] = values.proxySecret
    if (secret === undefined) {
      return unproved(
        'PROXY_SECRET_MISSING',
        `The request came without ${HEADER.proxySecret}: not from a proxy.`,
      )
    }
    if (values.proxySecret.length !== 1 || !isProxySecret(secret)) {
      return unproved(
        'PROXY_SECRET_WRONG',
        `${HEADER.proxySecret} is wrong: not from a proxy that is known here.`,
      )
    }
    return {
      offer: readOffer(values),
      via: sole(values.via, VIA)?.[1] ?? null,
      requestId: sole(values.requestId, REQUEST_ID)?.[0] ?? null,
      address: soleAddress(values.forwardedFor),
    }
  }
}
