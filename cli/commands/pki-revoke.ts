import { parseRevocationReason } from '../../pki/revocation-reason.ts'
import { REVOKED, type RevokedAnswer } from '../answers.ts'
import { connect, type Invocation } from '../invocation.ts'
import { type Report, widthOf } from '../output.ts'
import { parseSerial } from '../serial-number.ts'
import { formatTable } from '../table.ts'

/** Says which proxies refuse the certificate, as the server has heard it of them. */
export async function pkiRevoke(
  invocation: Invocation,
  { reason }: { readonly reason?: string },
  text: string,
): Promise<Report> {
  const serial = parseSerial(text)
  const body = reason === undefined ? {} : { reason: parseRevocationReason(reason) }
  using client = await connect(invocation)
  const revoked = await client.read(REVOKED, { method: 'POST', path: `pki/revoke/${serial}`, body })
  const { common_name, revoked_at, proxies = [] } = revoked
  const since = revoked_at === null ? '' : `, from ${revoked_at}`
  return {
    document: revoked,
    lines: [
      `The certificate ${serial} of ${common_name} is revoked${since}.`,
      ...formatProxies(proxies, widthOf(invocation.output)),
    ],
    hints: proxies.filter(isSilent).map(warning),
  }
}

type Proxies = NonNullable<RevokedAnswer['proxies']>

function isSilent({ refused_after_ms }: Proxies[number]): boolean {
  return refused_after_ms === null
}

function formatProxies(proxies: Proxies, width: number | undefined): readonly string[] {
  if (proxies.length === 0) return []
  const rows = proxies.map(({ name, address, refused_after_ms: ms }) => [
    name,
    address,
    ms === null ? 'not yet' : `after ${ms} ms`,
  ])
  return formatTable({ head: ['PROXY', 'ADDRESS', 'REFUSES IT'], rows }, width)
}

function warning({ name, address }: Proxies[number]): string {
  return `WARNING: ${name} at ${address} has not said within two seconds that it refuses the certificate. The server itself does. Look for "list":"revoked" in the log of that proxy, and stop it if it cannot be repaired at once.`
}
