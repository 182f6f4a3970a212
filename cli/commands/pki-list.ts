import { CERTIFICATES, type CertificateAnswer } from '../answers.ts'
import { day } from '../describe-certificate.ts'
import { CliError } from '../errors.ts'
import type { Ask, Client } from '../http-client.ts'
import { connect, type Invocation } from '../invocation.ts'
import { type Report, widthOf } from '../output.ts'
import { formatTable } from '../table.ts'

const STATUSES = ['recorded', 'valid', 'expired', 'revoked'] as const

interface ListOptions {
  readonly status?: string
  readonly search?: string
  readonly all?: boolean
  readonly after?: string
  readonly limit?: string
}

interface Page {
  readonly certificates: readonly CertificateAnswer[]
  readonly next: string | null
}

// What the server gives at most.
const MOST = 1000

/** @throws CliError USAGE */
export function parseLimit(text: string | undefined): string | undefined {
  if (text === undefined || (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST)) return text
  throw new CliError(
    'USAGE',
    `The limit must not be ${JSON.stringify(text.slice(0, 20))}. It must be a number from 1 to ${MOST}.`,
  )
}

function parseStatus(text: string | undefined): string | undefined {
  if (text === undefined || STATUSES.some(status => status === text)) return text
  throw new CliError(
    'USAGE',
    `The status must not be ${JSON.stringify(text.slice(0, 20))}. It must be one of ${STATUSES.join(', ')}.`,
  )
}

async function readPages(client: Client, query: NonNullable<Ask['query']>, isAll: boolean): Promise<Page> {
  const first: Page = await client.read(CERTIFICATES, { path: 'pki/certs', query })
  const certificates = [...first.certificates]
  let { next } = first
  while (isAll && next !== null) {
    const page: Page = await client.read(CERTIFICATES, {
      path: 'pki/certs',
      query: { ...query, after: next },
    })
    certificates.push(...page.certificates)
    next = page.next
  }
  return { certificates, next }
}

function tableOf(certificates: readonly CertificateAnswer[]) {
  return {
    head: ['SERIAL', 'STATUS', 'UNTIL', 'NAME', 'ORGANISATION', 'EMAIL'],
    rows: certificates.map(({ serial, status, not_after, common_name, organisation, email }) => [
      serial,
      status,
      day(not_after) ?? '',
      common_name,
      organisation ?? '',
      email ?? '',
    ]),
    fixed: [0, 1, 2],
  }
}

/** Certificates, newest first: all for administrators, for others their own. */
export async function pkiList(invocation: Invocation, options: ListOptions): Promise<Report> {
  const { all = false, search, after } = options
  const limit = parseLimit(options.limit) ?? (all ? String(MOST) : undefined)
  const query = { status: parseStatus(options.status), search, after, limit }
  using client = await connect(invocation)
  const page = await readPages(client, query, all)
  const lines =
    page.certificates.length === 0
      ? ['There are none.']
      : formatTable(tableOf(page.certificates), widthOf(invocation.output))
  const hints =
    page.next === null ? [] : [`There are more: --after ${page.next} for the next page, --all for all.`]
  return { document: page, lines, hints }
}
