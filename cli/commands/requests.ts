import { REQUEST, REQUESTS, type RequestAnswer } from '../answers.ts'
import { ask } from '../ask.ts'
import { day } from '../describe-certificate.ts'
import { CliError } from '../errors.ts'
import type { Client } from '../http-client.ts'
import { connect, type Invocation } from '../invocation.ts'
import { type Report, say, widthOf } from '../output.ts'
import { formatFields, formatTable } from '../table.ts'
import { parseLimit } from './pki-list.ts'

const STATUSES = ['waiting', 'approved', 'rejected', 'issued'] as const

interface ListOptions {
  readonly status?: string
  readonly after?: string
  readonly limit?: string
}

function parseStatus(text: string): string {
  if (STATUSES.some(status => status === text)) return text
  throw new CliError(
    'USAGE',
    `The status must not be ${JSON.stringify(text.slice(0, 20))}. It must be one of ${STATUSES.join(', ')}.`,
  )
}

/** @throws CliError USAGE */
function parseId(text: string): string {
  if (/^[0-9a-zA-Z-]{1,64}$/.test(text)) return text
  throw new CliError(
    'USAGE',
    `A request id must not be ${JSON.stringify(text.slice(0, 80))}. It must be one of: gatehouse requests list.`,
  )
}

export async function requestsList(invocation: Invocation, options: ListOptions): Promise<Report> {
  const query = {
    status: parseStatus(options.status ?? 'waiting'),
    after: options.after,
    limit: parseLimit(options.limit),
  }
  using client = await connect(invocation)
  const page = await client.read(REQUESTS, { path: 'pki/requests', query })
  const rows = page.requests.map(({ id, status, requested_at, common_name, organisation, email }) => [
    id,
    status,
    day(requested_at) ?? '',
    common_name,
    organisation ?? '',
    email ?? '',
  ])
  const head = ['ID', 'STATUS', 'ASKED', 'NAME', 'ORGANISATION', 'EMAIL']
  return {
    document: page,
    lines:
      rows.length === 0
        ? ['There are none.']
        : formatTable({ head, rows, fixed: [0, 1, 2] }, widthOf(invocation.output)),
    hints: page.next === null ? [] : [`There are more: --after ${page.next} for the next page.`],
  }
}

function describeRequest(request: RequestAnswer): readonly string[] {
  const fields = formatFields({
    id: request.id,
    status: request.status,
    name: request.common_name,
    organisation: request.organisation,
    email: request.email,
    key:
      request.csr === null ? 'made when it is collected' : `from the requester, SHA-256 ${request.spki256}`,
    asked: request.requested_at,
    decided: request.decided_at,
    reason: request.reason,
    serial: request.serial,
    sha256: request.sha256,
  })
  return [...fields, ...request.warnings.map(warning => `Warning: ${warning}`)]
}

async function fetchRequest(client: Client, id: string): Promise<RequestAnswer> {
  return await client.read(REQUEST, { path: `pki/requests/${parseId(id)}` })
}

export async function requestsShow(invocation: Invocation, _: object, id: string): Promise<Report> {
  using client = await connect(invocation)
  const request = await fetchRequest(client, id)
  return { document: request, lines: describeRequest(request) }
}

interface ApproveOptions {
  readonly sha256?: string
  readonly yes?: boolean
}

/** That somebody has seen exactly this: they name its hash, say so beforehand, or are asked. */
async function confirm(
  { output, stdin }: Invocation,
  options: ApproveOptions,
  request: RequestAnswer,
): Promise<void> {
  if (options.sha256 !== undefined) {
    if (options.sha256.replaceAll(':', '').toUpperCase() === request.sha256) return
    throw new CliError(
      'REQUEST_CHANGED',
      `The request ${request.id} is not the one with that SHA-256, and was not approved. Look at it again: gatehouse requests show ${request.id}.`,
    )
  }
  if (options.yes) return
  if (!stdin.isTTY || !output.stderr.isTTY) {
    throw new CliError(
      'USAGE',
      'There is no terminal to ask at: say --sha256 HEX of the request that you have seen, or --yes.',
    )
  }
  const answer = await ask({ stdin, stderr: output.stderr }, 'Approve it? Type yes: ')
  if (answer.trim().toLowerCase() !== 'yes') throw new CliError('CANCELLED', 'Nothing was approved.')
}

/** Shows what is asked for and approves exactly that: the approval names its hash. */
export async function requestsApprove(
  invocation: Invocation,
  options: ApproveOptions,
  id: string,
): Promise<Report> {
  using client = await connect(invocation)
  const request = await fetchRequest(client, id)
  say(invocation.output, ...describeRequest(request))
  await confirm(invocation, options, request)
  const path = `pki/requests/${request.id}/approve`
  const approved = await client.read(REQUEST, { method: 'POST', path, body: { sha256: request.sha256 } })
  const how =
    approved.serial === null
      ? 'is approved, and its certificate is made when it is collected'
      : `has the certificate ${approved.serial}`
  return { document: approved, lines: [`${approved.common_name} ${how}.`] }
}

export async function requestsReject(
  invocation: Invocation,
  { reason }: { readonly reason: string },
  id: string,
): Promise<Report> {
  using client = await connect(invocation)
  const path = `pki/requests/${parseId(id)}/reject`
  const rejected = await client.read(REQUEST, { method: 'POST', path, body: { reason } })
  return {
    document: rejected,
    lines: [`The request of ${rejected.common_name} is rejected: ${rejected.reason ?? reason}.`],
  }
}
