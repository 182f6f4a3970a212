import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type AuditEvent, auditEvent } from './audit-event.ts'
import { createIdentifier, type Identified, type Revocation, revoked } from './identify.ts'
import type { Identity } from './identity.ts'
import { isAtLeast } from './levels.ts'
import { parseAuthorities } from './parse-authorities.ts'
import { createContractReader } from './read-contract.ts'
import { readSocket } from './read-socket.ts'

export interface IdentificationOptions {
  /** Where identities come from: the headers of a proxy, or the TLS connection. Never guessed. */
  readonly front: 'proxy' | 'direct'
  /** The client CA certificate in PEM form, or several of them. */
  readonly clientCa: string | Uint8Array
  /** With `front: 'proxy'`: every secret that is right at the moment. */
  readonly proxySecrets?: readonly string[]
  /** Asked on every request with a trusted certificate; when it cannot say, the request ends with its error. */
  readonly revocationOf?: (serial: string) => Promise<Revocation | undefined>
  readonly audit?: (event: AuditEvent) => void
  readonly now?: () => Date
}

export interface Identification extends Identified {
  /** The proxy's own, when it proved itself; otherwise made here. */
  readonly requestId: string
  /** The client's network address: the proxy's word for it, when it proved itself; otherwise the connection's. */
  readonly address: string | null
}

const identifications = new WeakMap<IncomingMessage, Identification>()

/**
 * Identifies the caller of a request and keeps the outcome for `identityOf` and the guards.
 * @throws RangeError for options with which everybody would be anonymous, or anybody somebody
 */
export function createIdentification(
  options: IdentificationOptions,
): (request: IncomingMessage) => Promise<Identification> {
  const { now = () => new Date(), audit } = options
  const read = createReader(options)
  const identify = createIdentifier(parseAuthorities(options.clientCa), now)
  return async function identifyRequest(request) {
    const reading = read(request)
    const identified = await withoutRevoked(identify(reading), options.revocationOf)
    const identification = {
      ...identified,
      requestId: reading.requestId ?? randomUUID(),
      address: reading.address ?? request.socket.remoteAddress ?? null,
    }
    identifications.set(request, identification)
    const event = auditEvent(identification)
    if (event) audit?.(event)
    return identification
  }
}

async function withoutRevoked(
  identified: Identified,
  revocationOf: IdentificationOptions['revocationOf'],
): Promise<Identified> {
  const { level, serial } = identified.identity
  if (!revocationOf || serial === null || !isAtLeast(level, 'trusted')) return identified
  const revocation = await revocationOf(serial)
  return revocation ? revoked(identified, revocation) : identified
}

function createReader({ front, proxySecrets }: IdentificationOptions) {
  if (front === 'proxy') return createContractReader(proxySecrets ?? [])
  if (front !== 'direct') throw new RangeError(`The front must be "proxy" or "direct", not "${front}".`)
  if (proxySecrets)
    throw new RangeError('Proxy secrets are for front "proxy": in direct mode no header is believed.')
  return readSocket
}

/** What is known of the caller, or `undefined` before the strategy has run. */
export function identificationOf(request: IncomingMessage): Identification | undefined {
  return identifications.get(request)
}

/** @throws Error when the strategy has not run, so that a forgotten line is not taken for an anonymous caller */
export function assuredIdentificationOf(request: IncomingMessage): Identification {
  const identification = identifications.get(request)
  if (identification) return identification
  throw new Error(
    "Nobody is identified yet: put passport.authenticate('client-certificate') before this handler.",
  )
}

/**
 * Who is calling. Taken from the strategy's own record: `request.user` may have been set by another strategy.
 * @throws Error when the strategy has not run
 */
export function identityOf(request: IncomingMessage): Identity {
  return assuredIdentificationOf(request).identity
}
