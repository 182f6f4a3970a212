import type { z } from 'zod'
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
  return { document: caller, lines, hints: hintsFor(caller) }
}

function hintsFor({ level, verify }: z.infer<typeof WHOAMI>): readonly string[] {
  if (verify === 'NONE')
    return ['No certificate was presented. To get one: gatehouse register --name NAME --configure']
  if (level !== 'anonymous') return []
  return ['Your certificate is not accepted. Why, in full: gatehouse pki list']
}
