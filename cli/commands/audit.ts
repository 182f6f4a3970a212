import { CHAIN_START, type ChainHead, verifyChain, verifyEnd } from '../../pki/hash-chain.ts'
import { AUDIT_PAGE, type AuditPage } from '../answers.ts'
import { readHead, rememberHead } from '../audit-head.ts'
import { CliError } from '../errors.ts'
import type { Client } from '../http-client.ts'
import { connect, type Invocation } from '../invocation.ts'
import type { Report } from '../output.ts'
import { showProgress } from '../progress.ts'

// What the server gives at most.
const PAGE = '1000'

function broken(sequence: number, problem: string): CliError {
  return new CliError(
    'AUDIT_BROKEN',
    `The audit trail does not hold at event ${sequence}: ${problem}. Keep the database as it is, and compare it with a backup.`,
  )
}

function rewritten(known: ChainHead): CliError {
  return new CliError(
    'AUDIT_REWRITTEN',
    `The audit trail is not the one that was verified here before: event ${known.sequence} had the hash ${known.hash}, and does not any more. It was cut off or rewritten: compare it with a backup.`,
  )
}

/** The part of the chain on one page, and what was remembered of it. */
function verifyPage({ events }: AuditPage, from: ChainHead, known: ChainHead): ChainHead {
  const links = events.map(({ previous_hash, ...event }) => ({ ...event, previousHash: previous_hash }))
  const { head, fault } = verifyChain(links, from)
  if (fault) throw broken(fault.sequence, fault.problem)
  const same = links.find(({ sequence }) => sequence === known.sequence)
  if (same && same.hash !== known.hash) throw rewritten(known)
  return head
}

async function verifyPages(
  client: Client,
  known: ChainHead,
  onPage: (reached: number, of: number) => void,
): Promise<ChainHead> {
  let reached = CHAIN_START
  for (;;) {
    const query = { after: String(reached.sequence), limit: PAGE }
    const page: AuditPage = await client.read(AUDIT_PAGE, { path: 'pki/audit', query })
    const before = reached.sequence
    reached = verifyPage(page, reached, known)
    onPage(reached.sequence, page.head.sequence)
    if (page.next !== null && reached.sequence > before) continue
    // Events that came after the head was read are beyond it.
    const fault = reached.sequence > page.head.sequence ? undefined : verifyEnd(reached, page.head)
    if (fault) throw broken(fault.sequence, fault.problem)
    return reached
  }
}

/**
 * Recomputes the chain of all events, and compares it with where it was the last time: who can rewrite the whole
 * database can make a chain that holds, but not the hash that was remembered here.
 */
export async function auditVerify(invocation: Invocation): Promise<Report> {
  const { folders, output } = invocation
  using client = await connect(invocation)
  const known = await readHead(folders, client.server)
  using progress = showProgress(output, 'Verifying the audit trail')
  const reached = await verifyPages(client, known, (done, of) => progress.update(`${done} of ${of} events`))
  if (reached.sequence < known.sequence) throw rewritten(known)
  await rememberHead(folders, client.server, reached)
  const before =
    known.sequence === 0
      ? 'It is remembered, and compared the next time.'
      : `The ${known.sequence} of the last time are unchanged.`
  return {
    document: { verified: reached.sequence, head: reached, known_before: known.sequence },
    lines: [`${reached.sequence} events, and the chain holds. ${before}`],
  }
}
