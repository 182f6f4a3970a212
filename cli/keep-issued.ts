import { X509Certificate } from 'node:crypto'
import { relative, resolve } from 'node:path'
import { type IdentityFiles, updateConfig } from './config-file.ts'
import { day } from './describe-certificate.ts'
import { type EnrolmentPlan, type Issued, keepEnrolment } from './enrolment.ts'
import type { Client } from './http-client.ts'
import type { Invocation } from './invocation.ts'
import { type Report, say } from './output.ts'
import { passphrasePath } from './pkcs12-files.ts'
import { readNamed } from './private-files.ts'

export interface KeepOptions {
  /** Make it the identity of later commands. */
  readonly configure?: boolean
  readonly force?: boolean
  readonly showPassphrase?: boolean
}

interface Context {
  readonly invocation: Invocation
  readonly client: Client
  readonly plan: EnrolmentPlan
}

/** Only a person at a terminal sees a passphrase, and only who asks; a log never does. */
export async function showPassphrase({ output }: Invocation, p12: string): Promise<void> {
  const path = passphrasePath(p12)
  if (output.stderr.isTTY) output.stderr.write(`Passphrase: ${await readNamed(path, 'the passphrase')}`)
  else say(output, `The passphrase is shown on a terminal only; it is in ${path}.`)
}

/** What the command line said counts later as well: a server and root that were named for this one command. */
async function configure(
  { folders, options }: Invocation,
  client: Client,
  identity: IdentityFiles,
): Promise<void> {
  const ca = options.ca === undefined ? {} : { ca: resolve(options.ca) }
  await updateConfig(folders, { identity, server: client.server, ...ca })
}

/** What to type to use it later: a name is enough for what lies in the folder of the command itself. */
function useOf({ folders }: Invocation, identity: IdentityFiles): string {
  if ('p12' in identity) {
    return `gatehouse config identity --p12 ${identity.p12} --passphrase-file ${identity.passphrase_file}`
  }
  const name = relative(folders.keys, identity.cert).replace(/\.crt$/, '')
  return `gatehouse config identity ${name}`
}

/** Without what is secret: that is in the files. */
export function withoutSecrets<Answer extends object>(answer: Answer): Omit<Answer, 'pkcs12' | 'passphrase'> {
  const { pkcs12: _pkcs12, passphrase: _passphrase, ...rest } = answer as Answer & Record<string, unknown>
  return rest as Omit<Answer, 'pkcs12' | 'passphrase'>
}

/** Writes what was issued, and says what is where. */
export async function keepIssued(
  { invocation, client, plan }: Context,
  options: KeepOptions,
  issued: Issued,
): Promise<Report> {
  const { identity, files } = await keepEnrolment(plan, client, issued, options.force)
  const { serialNumber, validToDate } = new X509Certificate(issued.certificate)
  const certificate = { serial: serialNumber, not_after: validToDate.toISOString() }
  if (options.configure) await configure(invocation, client, identity)
  if (options.showPassphrase && plan.p12 !== undefined) await showPassphrase(invocation, plan.p12)
  return {
    document: {
      ...certificate,
      ...withoutSecrets(issued),
      status: 'issued',
      files,
      configured: options.configure === true,
    },
    lines: [
      `${issued.common_name} has a certificate, until ${day(certificate.not_after)}.`,
      ...files.map(file => `  ${file}`),
    ],
    hints: [
      options.configure
        ? 'Later commands use it: gatehouse whoami'
        : `To use it in later commands: ${useOf(invocation, identity)}`,
    ],
  }
}
