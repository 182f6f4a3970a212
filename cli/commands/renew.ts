import { createPublicKey } from 'node:crypto'
import { type IssuedAnswer, RENEWED, WHOAMI } from '../answers.ts'
import type { IdentityFiles } from '../config-file.ts'
import { day } from '../describe-certificate.ts'
import { describeDuration, parseDuration } from '../duration.ts'
import { assertOwnKey, requestFor } from '../enrolment.ts'
import { CliError, ServerError } from '../errors.ts'
import type { Client } from '../http-client.ts'
import { readPemCertificate } from '../identity-files.ts'
import { chosenIdentity, connect, type Invocation, passphraseOf } from '../invocation.ts'
import { dropNextKey, type NextKey, takeNextKey } from '../next-key.ts'
import { type Report, say } from '../output.ts'
import { findOwnCertificate } from '../own-certificates.ts'
import { readNamed } from '../private-files.ts'
import { replaceWithRenewed } from '../replace-identity.ts'

interface RenewOptions {
  /** Only when less than this is left. */
  readonly ifExpiring?: string
}

async function identityInForce(invocation: Invocation): Promise<IdentityFiles> {
  const identity = await chosenIdentity(invocation)
  if (identity) return identity
  throw new CliError(
    'IDENTITY_MISSING',
    'There is no certificate to renew. Name it (--cert FILE --key FILE), or get one: gatehouse register --name NAME --configure.',
  )
}

interface Holder {
  readonly name: string
  readonly notAfter: Date
}

/** Without asking anybody, where the certificate lies open: most days there is nothing to do, server or not. */
async function endKnownHere(identity: IdentityFiles): Promise<Date | undefined> {
  if ('p12' in identity) return undefined
  return readPemCertificate(await readNamed(identity.cert, 'the certificate'), identity.cert).validToDate
}

async function whoHolds(client: Client): Promise<Holder> {
  const { name, notAfter, verify } = await client.read(WHOAMI, { path: 'whoami' })
  if (typeof name === 'string' && typeof notAfter === 'string') return { name, notAfter: new Date(notAfter) }
  throw new CliError(
    'CERT_REFUSED',
    `The server does not accept your certificate (${verify}), and only a good one can be renewed. A new one: gatehouse register, or an administrator.`,
  )
}

/**
 * Asks for a successor. When an answer was lost once, its certificate is fetched instead: the key shows that it is ours.
 */
async function askForSuccessor(client: Client, holder: Holder, next: NextKey): Promise<IssuedAnswer> {
  const issued = next.isLeftOver
    ? await findOwnCertificate(client, createPublicKey(next.privateKey))
    : undefined
  if (issued) return issued
  const subject = { commonName: holder.name, organisation: undefined, email: undefined }
  const csr = await requestFor(subject, next.privateKey)
  try {
    return await client.read(RENEWED, { method: 'POST', path: 'pki/renew', body: { csr } })
  } catch (error) {
    // One that lay there may be in use by another renewal at the same time.
    if (error instanceof ServerError && error.status < 500 && !next.isLeftOver) await dropNextKey(next)
    throw error
  }
}

function stillGood(notAfter: Date, left: number): Report {
  return {
    document: { renewed: false, not_after: notAfter.toISOString() },
    lines: [`The certificate is good for ${describeDuration(left)} more; nothing was done.`],
  }
}

interface Renewal {
  readonly invocation: Invocation
  readonly identity: IdentityFiles
  readonly client: Client
}

async function renewNow({ invocation, identity, client }: Renewal, holder: Holder): Promise<Report> {
  const next = await takeNextKey(identity)
  if (next.isLeftOver) {
    say(
      invocation.output,
      `A renewal that did not end has left ${next.path}, which is used now. If it is refused, remove it.`,
    )
  }
  const issued = await askForSuccessor(client, holder, next)
  assertOwnKey(issued.certificate, next.privateKey, next.path)
  const passphrase = passphraseOf(invocation, identity)
  const files = await replaceWithRenewed({ client, identity, next, issued, passphrase })
  const end = RENEWED.safeParse(issued).data?.replaces.revoked_at
  return {
    document: { renewed: true, ...issued, files },
    lines: [
      `${issued.common_name} has a new certificate, until ${day(issued.not_after)}.`,
      ...files.map(file => `  ${file}`),
    ],
    hints: end ? [`The old one, kept as .old, is good until ${end}.`] : [],
  }
}

/** A new key, made here, and a certificate for it with the same identity; the old files stay beside as `.old`. */
export async function renew(invocation: Invocation, { ifExpiring }: RenewOptions): Promise<Report> {
  const least = ifExpiring === undefined ? Number.POSITIVE_INFINITY : parseDuration(ifExpiring)
  const identity = await identityInForce(invocation)
  const leftUntil = (end: Date): number => end.getTime() - invocation.now().getTime()
  const end = await endKnownHere(identity)
  if (end && leftUntil(end) > least) return stillGood(end, leftUntil(end))
  using client = await connect(invocation)
  const holder = await whoHolds(client)
  const left = leftUntil(holder.notAfter)
  return left > least
    ? stillGood(holder.notAfter, left)
    : await renewNow({ invocation, identity, client }, holder)
}
