import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { CERTIFICATE_WITH_PEM, STATUS } from '../answers.ts'
import { day, describeCertificate, pemLines } from '../describe-certificate.ts'
import { CliError } from '../errors.ts'
import { fetchClientCa } from '../fetch-client-ca.ts'
import { connect, type Invocation } from '../invocation.ts'
import type { Report } from '../output.ts'
import { assertWritable, writePrivate } from '../private-files.ts'
import { parseSerial } from '../serial-number.ts'
import { formatFields } from '../table.ts'

export async function pkiStatus(invocation: Invocation): Promise<Report> {
  using client = await connect(invocation)
  const status = await client.read(STATUS, { path: 'pki' })
  const lines = formatFields({
    server: client.server,
    'client CA': status.common_name,
    fingerprint256: status.fingerprint256,
    until: day(status.not_after),
    signing: status.signing ? 'yes' : 'no: its key is not there',
    issued: `${status.issued} (${status.valid} valid, ${status.revoked} revoked, ${status.expired} expired)`,
  })
  return { document: status, lines }
}

interface FileOptions {
  readonly out?: string
  readonly force?: boolean
}

/** The client CA's certificate: for whoever verifies, and for nobody's browser. */
export async function pkiDownload(
  invocation: Invocation,
  { der = false, out, force }: FileOptions & { readonly der?: boolean },
): Promise<Report> {
  const { output } = invocation
  if (out !== undefined) await assertWritable([resolve(out)], force)
  else if (der && output.stdout.isTTY)
    throw new CliError('USAGE', 'DER is not for a terminal: say where, -o FILE.')
  using client = await connect(invocation)
  const certificate = await fetchClientCa(client)
  const bytes = der ? new X509Certificate(certificate).raw : Buffer.from(certificate)
  if (out === undefined) return { document: { certificate }, lines: [], bytes }
  await writePrivate(resolve(out), bytes, force)
  return {
    document: { certificate, files: [resolve(out)] },
    lines: [`The client CA's certificate is in ${resolve(out)}.`],
  }
}

export async function pkiShow(
  invocation: Invocation,
  { out, force }: FileOptions,
  text: string,
): Promise<Report> {
  const serial = parseSerial(text)
  if (out !== undefined) await assertWritable([resolve(out)], force)
  using client = await connect(invocation)
  const certificate = await client.read(CERTIFICATE_WITH_PEM, { path: `pki/certs/${serial}` })
  const pem = certificate.certificate ?? ''
  if (out === undefined)
    return { document: certificate, lines: [...describeCertificate(certificate), ...pemLines(pem)] }
  await writePrivate(resolve(out), pem, force)
  return {
    document: { ...certificate, files: [resolve(out)] },
    lines: [...describeCertificate(certificate), `The certificate is in ${resolve(out)}.`],
  }
}
