import { resolve } from 'node:path'
import { DEFAULT_KEY_TYPE, generateKey, parseKeyType } from '../../pki/key-type.ts'
import { exportKey, requestFor } from '../enrolment.ts'
import { freeBase } from '../free-base.ts'
import type { Invocation } from '../invocation.ts'
import type { Report } from '../output.ts'
import { assertWritable, writePrivate } from '../private-files.ts'
import { parseSubject, type SubjectOptions } from '../subject-options.ts'

interface CsrOptions extends SubjectOptions {
  readonly keyType?: string
  readonly out?: string
  readonly force?: boolean
}

/** A key and a signing request for it (RFC 2986), without any server. */
export async function csr(_: Invocation, options: CsrOptions): Promise<Report> {
  const subject = parseSubject(options)
  const keyType = parseKeyType(options.keyType ?? DEFAULT_KEY_TYPE)
  const base = resolve(options.out ?? (await freeBase('.', subject.commonName)))
  const [key, request] = [`${base}.key`, `${base}.csr`]
  await assertWritable([key, request], options.force)
  const { privateKey } = await generateKey(keyType)
  await writePrivate(key, exportKey(privateKey), options.force)
  const pem = await requestFor(subject, privateKey)
  await writePrivate(request, pem, options.force)
  return {
    document: { common_name: subject.commonName, csr: pem, files: [key, request] },
    lines: [`A signing request for ${subject.commonName}:`, `  ${request}`, `  ${key}`],
    hints: [`An administrator issues for it: gatehouse pki issue --name NAME --csr ${request}`],
  }
}
