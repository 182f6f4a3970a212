import { ISSUED, REQUEST, type RequestAnswer } from '../answers.ts'
import { abandonEnrolment, type Issued } from '../enrolment.ts'
import { CliError } from '../errors.ts'
import type { Client } from '../http-client.ts'
import { connect, type Invocation } from '../invocation.ts'
import { keepIssued } from '../keep-issued.ts'
import type { Report } from '../output.ts'
import { forgetRequest, type PendingRequest, recallRequest } from '../pending-requests.ts'

interface ResumeOptions {
  /** `undefined`: the only one. */
  readonly id: string | undefined
  readonly configure?: boolean
  readonly force?: boolean
  readonly showPassphrase?: boolean
}

/** A certificate for a key from here lies in the answer; a key from the server is made when it is collected, once. */
async function collect(
  client: Client,
  { plan, id }: PendingRequest,
  request: RequestAnswer,
): Promise<Issued> {
  if (plan.keyFrom === 'here' && request.certificate) {
    return { certificate: request.certificate, common_name: request.common_name }
  }
  return await client.read(ISSUED, {
    method: 'POST',
    path: `pki/requests/${id}/collect`,
    body: { pkcs12: plan.profile },
  })
}

async function assertGranted(
  { folders }: Invocation,
  pending: PendingRequest,
  request: RequestAnswer,
): Promise<void> {
  const { id } = pending
  if (request.status === 'waiting') {
    throw new CliError(
      'REQUEST_UNDECIDED',
      `The request ${id} for ${request.common_name} is not decided yet. Try again later: gatehouse register --resume ${id}.`,
    )
  }
  if (request.status !== 'rejected') return
  await abandonEnrolment(pending.plan)
  await forgetRequest(folders, id)
  const reason = request.reason === null ? ', without a reason' : `: ${JSON.stringify(request.reason)}`
  throw new CliError(
    'REQUEST_REJECTED',
    `The request for ${request.common_name} was rejected${reason}. What was kept of it is removed; to ask again: gatehouse register --name NAME.`,
  )
}

/** Fetches what an administrator has granted meanwhile. */
export async function resumeRegistration(invocation: Invocation, options: ResumeOptions): Promise<Report> {
  const pending = await recallRequest(invocation.folders, options.id)
  const { id, plan, configure } = pending
  const there = { ...invocation, options: { server: pending.server, ...invocation.options } }
  using client = await connect(there, { isAnonymous: true })
  const request = await client.read(REQUEST, { path: `pki/requests/${id}` })
  await assertGranted(invocation, pending, request)
  const issued = await collect(client, pending, request)
  const wish = { ...options, configure: options.configure ?? configure }
  const report = await keepIssued({ invocation, client, plan }, wish, issued)
  await forgetRequest(invocation.folders, id)
  return report
}
