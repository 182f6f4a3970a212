import { WHOAMI } from '../answers.ts'
import { day } from '../describe-certificate.ts'
import { connect, type Invocation } from '../invocation.ts'
import type { Report } from '../output.ts'
import { formatFields } from '../table.ts'

/** Who the server says that you are. */
export async function whoami(invocation: Invocation): Promise<Report> {
  using client = await connect(invocation)
  const caller = await client.read(WHOAMI, { path: 'whoami' })
  const lines = formatFields({
    name: caller.name ?? '(nobody)',
    level: caller.level,
    organisation: caller.organisation,
    email: caller.email,
    serial: caller.serial,
    until: day(caller.notAfter),
    fingerprint256: caller.fingerprint256,
    verify: caller.verify,
    via: caller.via,
  })
  const hints =
    caller.verify === 'NONE'
      ? ['No certificate was presented. To get one: gatehouse register --name NAME --configure']
      : []
  return { document: caller, lines, hints }
}
