import { createHash, randomBytes } from 'node:crypto'
import { encodeSigningRequestPem } from '../../pki/pem.ts'
import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { parseSigningRequest, type SigningRequest } from '../../pki/signing-request.ts'
import { AppError } from '../errors.ts'
import type { Aggregates, RequestRow } from '../store/store.ts'
import type { Caller } from './caller.ts'
import { type AuthorityContext, decide, recordingRefusals } from './decide.ts'
import { type HandedOut, handOut } from './hand-out.ts'
import { assertNameIsFreeForOneself } from './holder.ts'
import { signerOf } from './issue.ts'
import { assertKeyIsFree } from './keys.ts'
import type { Subject } from './subject.ts'

export interface Submission {
  readonly subject: Subject
  readonly request: SigningRequest | undefined
  /** In the transaction that puts it into the queue. */
  readonly atSubmit?: (within: Aggregates) => Promise<void>
}

/** Puts a request before an administrator. @throws AppError QUEUE_FULL, NAME_TAKEN, KEY_TAKEN */
export async function submit(
  context: AuthorityContext,
  caller: Caller,
  submission: Submission,
): Promise<RequestRow> {
  const row = rowOf(context, caller, submission)
  await decide(context, caller, async (within, audit) => {
    const { id, sha256, commonName, organisation, email, warnings } = row
    await audit('REQUEST_SUBMITTED', { request: id, sha256, commonName, organisation, email, warnings })
    await submission.atSubmit?.(within)
    if ((await within.requests.countWaiting()) >= context.rules.queueLimit) {
      throw new AppError(
        'QUEUE_FULL',
        'Too many requests wait to be decided. Nothing was kept of this one; ask again later.',
      )
    }
    await assertNameIsFreeForOneself(within, submission.subject, context.now().getTime())
    const { request } = submission
    if (request) await assertKeyIsFree(context, within, { publicKey: request.publicKey, holderId: null })
    await within.requests.add(row)
  })
  return row
}

function rowOf({ now }: AuthorityContext, caller: Caller, { subject, request }: Submission): RequestRow {
  const id = randomBytes(16).toString('hex')
  const spki256 = request?.spki256 ?? null
  return {
    id,
    sha256: digest([id, subject.commonName, subject.organisation, subject.email, request?.sha256 ?? null]),
    status: 'waiting',
    ...subject,
    csr: request ? encodeSigningRequestPem(request.der) : null,
    spki256,
    warnings: request?.requestedExtensions.map(what => `Not granted: ${what}`) ?? [],
    requestedAt: now().getTime(),
    requestedFrom: caller.address,
    decidedAt: null,
    decidedBy: null,
    reason: null,
    serial: null,
  }
}

/** All that an approval is about, so that nothing can be put in its place between the look and the approval. */
function digest(values: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').toUpperCase()
}

/** @throws AppError REQUEST_UNKNOWN */
export async function findRequest(within: Pick<Aggregates, 'requests'>, id: string): Promise<RequestRow> {
  const row = await within.requests.find(id)
  if (row) return row
  throw new AppError(
    'REQUEST_UNKNOWN',
    'There is no request with this identifier. Check it; it has 32 hexadecimal digits.',
  )
}

export interface Approval {
  readonly id: string
  /** Of the request that was looked at. */
  readonly sha256: string
}

/**
 * Exactly one certificate comes of a request, however many approve it at once. One without a signing request is
 * issued when it is collected, because its key leaves with it.
 * @throws AppError REQUEST_UNKNOWN, REQUEST_CHANGED, ALREADY_DECIDED, NAME_TAKEN, KEY_TAKEN
 */
export async function approve(
  context: AuthorityContext,
  caller: Caller,
  approval: Approval,
): Promise<RequestRow> {
  return await recordingRefusals(
    context,
    caller,
    { action: 'APPROVE', about: { request: approval.id } },
    async () => {
      const row = await findRequest(context.store, approval.id)
      signerOf(context)
      if (row.csr === null) await approveForCollection(context, caller, approval, row)
      else await approveAndIssue(context, caller, approval, row)
      return await findRequest(context.store, approval.id)
    },
  )
}

async function approveForCollection(
  context: AuthorityContext,
  caller: Caller,
  approval: Approval,
  row: RequestRow,
): Promise<void> {
  await decide(context, caller, async (within, audit) => {
    await audit('REQUEST_APPROVED', { request: approval.id, sha256: approval.sha256 })
    await takeWaiting(context, within, caller, approval, null)
    // Somebody else may have got the name while this one waited; better now than when the key is to be collected.
    await assertNameIsFreeForOneself(within, row, context.now().getTime())
  })
}

async function approveAndIssue(
  context: AuthorityContext,
  caller: Caller,
  approval: Approval,
  row: RequestRow,
): Promise<void> {
  await handOut(context, caller, {
    subject: row,
    request: parseSigningRequest(row.csr ?? ''),
    pkcs12: 'compatible',
    origin: 'request',
    claim: { by: 'oneself' },
    async atRecord(within, audit, serial) {
      await audit('REQUEST_APPROVED', { request: approval.id, sha256: approval.sha256, serial })
      await takeWaiting(context, within, caller, approval, serial)
    },
    async atIssue(within) {
      await within.requests.advance(approval.id, 'approved', { status: 'issued' })
    },
  })
}

async function takeWaiting(
  { now }: AuthorityContext,
  within: Aggregates,
  caller: Caller,
  { id, sha256 }: Approval,
  serial: string | null,
): Promise<void> {
  const row = await findRequest(within, id)
  if (row.sha256 !== sha256.toUpperCase()) {
    throw new AppError(
      'REQUEST_CHANGED',
      'The SHA-256 is not that of this request. Look at the request again, and approve what you see there.',
    )
  }
  const decision = {
    status: 'approved',
    decidedAt: now().getTime(),
    decidedBy: caller.identity.serial,
    serial,
  } as const
  if (!(await within.requests.advance(id, 'waiting', decision))) throw alreadyDecided(row)
}

function alreadyDecided({ status }: RequestRow): AppError {
  return new AppError(
    'ALREADY_DECIDED',
    `The request is ${status === 'waiting' ? 'decided' : status} already. Nothing was changed.`,
  )
}

/** @throws AppError REQUEST_UNKNOWN, ALREADY_DECIDED */
export async function reject(
  context: AuthorityContext,
  caller: Caller,
  { id, reason }: { readonly id: string; readonly reason: string },
): Promise<RequestRow> {
  return await recordingRefusals(context, caller, { action: 'REJECT', about: { request: id } }, async () => {
    await decide(context, caller, async (within, audit) => {
      await audit('REQUEST_REJECTED', { request: id, reason })
      const row = await findRequest(within, id)
      const decision = { decidedAt: context.now().getTime(), decidedBy: caller.identity.serial, reason }
      if (!(await within.requests.advance(id, 'waiting', { status: 'rejected', ...decision })))
        throw alreadyDecided(row)
      await context.post.rejected(within.outbox, { ...row, ...decision, status: 'rejected' })
    })
    return await findRequest(context.store, id)
  })
}

/**
 * The key and certificate of an approved request that brought no key, once.
 * @throws AppError REQUEST_UNKNOWN, REQUEST_UNDECIDED, ALREADY_DECIDED
 */
export async function collect(
  context: AuthorityContext,
  caller: Caller,
  { id, pkcs12 }: { readonly id: string; readonly pkcs12: Pkcs12Profile },
): Promise<HandedOut> {
  return await recordingRefusals(context, caller, { action: 'COLLECT', about: { request: id } }, async () => {
    const row = await findRequest(context.store, id)
    assertCollectable(row)
    return await handOut(context, caller, {
      subject: row,
      request: undefined,
      pkcs12,
      origin: 'request',
      claim: { by: 'oneself' },
      async atRecord(within, _audit, serial) {
        assertCollectable(await findRequest(within, id))
        await within.requests.advance(id, 'approved', { status: 'approved', serial })
      },
      async atIssue(within) {
        await within.requests.advance(id, 'approved', { status: 'issued' })
      },
    })
  })
}

function assertCollectable({ status, serial, csr }: RequestRow): void {
  if (status === 'waiting')
    throw new AppError('REQUEST_UNDECIDED', 'The request is not decided yet. Ask again later.')
  if (status === 'approved' && serial === null && csr === null) return
  throw new AppError(
    'ALREADY_DECIDED',
    'There is nothing to collect, or it was collected before: a key leaves once only.',
  )
}
