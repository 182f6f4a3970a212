import { inertName } from '../../../pki/inert-text.ts'
import type { Identity } from '../../identity/identity.ts'
import type { RequestRow } from '../../store/store.ts'
import { PASSPHRASE_HEADER } from '../api/issued-reply.ts'

export const HELP = {
  register: `Send your name, and if you like your e-mail address and organisation, and get a PKCS#12 file to import.
Its passphrase is in the header ${PASSPHRASE_HEADER} of the answer, this once.

  curl -D headers.txt -o me.p12 --data-urlencode 'common_name=Ada Lovelace' -d email=ada@example.org URL
`,
  certify: `Send a certificate signing request (PKCS#10, PEM or DER): you get the certificate, or a request that waits
for an administrator.

  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout me.key -subj '/CN=Ada Lovelace' -out me.csr
  curl --data-urlencode csr@me.csr URL
`,
} as const

export function queuedText({ id }: RequestRow): string {
  return `Your request waits for an administrator. How it stands: GET /pki/requests/${id}\n`
}

export function queueText(rows: readonly RequestRow[]): string {
  return rows.length === 0 ? 'No request waits.\n' : rows.map(requestText).join('\n')
}

function requestText({ id, sha256, commonName, organisation, email, warnings }: RequestRow): string {
  return table([
    ['request', id],
    ['SHA-256', sha256],
    ['common name', commonName],
    ['organisation', organisation],
    ['e-mail', email],
    ...warnings.map(warning => ['warning', warning] as const),
  ])
}

export function identityText({ level, name, organisation, serial, verify }: Identity): string {
  const facts = table([
    ['level', level],
    ['verified', verify],
    ['common name', name],
    ['organisation', organisation],
    ['serial', serial],
  ])
  return `You are ${level === 'anonymous' ? 'not ' : ''}authenticated.\n${facts}`
}

function table(facts: readonly (readonly [term: string, value: string | null])[]): string {
  return facts
    .flatMap(([term, value]) => (value === null ? [] : [`${term.padEnd(14)}${inertName(value)}\n`]))
    .join('')
}
