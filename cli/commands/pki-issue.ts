import { resolve } from 'node:path'
import { DEFAULT_PKCS12_PROFILE, parsePkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { PROFILES, parseDays } from '../../pki/profiles.ts'
import { ISSUED } from '../answers.ts'
import { describeCertificate, pemLines } from '../describe-certificate.ts'
import { CliError } from '../errors.ts'
import { freeBase } from '../free-base.ts'
import { connect, type Invocation } from '../invocation.ts'
import { withoutSecrets } from '../keep-issued.ts'
import type { Report } from '../output.ts'
import { passphrasePath, writePkcs12 } from '../pkcs12-files.ts'
import { assertWritable, readNamed, writePrivate } from '../private-files.ts'
import { parseSubject, type SubjectOptions, subjectBody } from '../subject-options.ts'

interface IssueOptions extends SubjectOptions {
  readonly csr?: string
  readonly days?: string
  readonly pkcs12?: string
  readonly out?: string
  readonly force?: boolean
}

function bodyOf(options: IssueOptions) {
  const days = options.days === undefined ? {} : { days: parseDays(options.days, PROFILES.client) }
  return { ...subjectBody(parseSubject(options)), ...days }
}

/** Somebody else made the key: the certificate is for whoever has it. */
async function issueForRequest(
  invocation: Invocation,
  options: IssueOptions,
  csrPath: string,
): Promise<Report> {
  const csr = (await readNamed(csrPath, 'the signing request')).toString('utf8')
  const out = options.out === undefined ? undefined : resolve(options.out)
  if (out !== undefined) await assertWritable([out], options.force)
  using client = await connect(invocation)
  const issued = await client.read(ISSUED, {
    method: 'POST',
    path: 'pki/issue',
    body: { ...bodyOf(options), csr },
  })
  if (out !== undefined) await writePrivate(out, issued.certificate, options.force)
  return {
    document: { ...issued, ...(out === undefined ? {} : { files: [out] }) },
    lines: out === undefined ? pemLines(issued.certificate) : [...describeCertificate(issued), `  ${out}`],
  }
}

/** The server makes the key, for somebody who cannot. */
async function issueWithKey(invocation: Invocation, options: IssueOptions): Promise<Report> {
  const profile = parsePkcs12Profile(options.pkcs12 ?? DEFAULT_PKCS12_PROFILE)
  const body = { ...bodyOf(options), pkcs12: profile }
  const out = resolve(options.out ?? `${await freeBase('.', body.common_name)}.p12`)
  const files = [out, passphrasePath(out)]
  await assertWritable(files, options.force)
  using client = await connect(invocation)
  const issued = await client.read(ISSUED, { method: 'POST', path: 'pki/issue', body })
  if (issued.pkcs12 === undefined || issued.passphrase === undefined) {
    throw new CliError(
      'ANSWER_UNEXPECTED',
      `The server issued ${issued.serial}, but sent no key. Revoke it: gatehouse pki revoke ${issued.serial}.`,
    )
  }
  const file = { data: Buffer.from(issued.pkcs12, 'base64'), passphrase: issued.passphrase }
  await writePkcs12(out, file, options.force)
  return {
    document: { ...withoutSecrets(issued), files },
    lines: [...describeCertificate(issued), ...files.map(path => `  ${path}`)],
    hints: [`Give ${issued.common_name} the two files on different ways.`],
  }
}

export async function pkiIssue(invocation: Invocation, options: IssueOptions): Promise<Report> {
  return options.csr === undefined
    ? await issueWithKey(invocation, options)
    : await issueForRequest(invocation, options, options.csr)
}
