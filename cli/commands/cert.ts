import { resolve } from 'node:path'
import { parseCommonName } from '../../pki/common-name.ts'
import { issueRoot } from '../../pki/issue-certificate.ts'
import { generateKey, type KeyType } from '../../pki/key-type.ts'
import { encodeCertificatePem } from '../../pki/pem.ts'
import { PROFILES, parseDays } from '../../pki/profiles.ts'
import { exportKey } from '../enrolment.ts'
import { CliError } from '../errors.ts'
import { freeBase } from '../free-base.ts'
import { pemFiles } from '../identity-files.ts'
import type { Invocation } from '../invocation.ts'
import type { Report } from '../output.ts'
import { assertWritable, writePrivate } from '../private-files.ts'

interface CertOptions {
  readonly name: string
  readonly algorithm: string
  readonly curve?: string
  readonly bits?: string
  readonly days: string
  readonly out?: string
  readonly force?: boolean
}

// secp256r1 (SEC 2) and prime256v1 (X9.62) are two names of one curve.
const CURVES: Readonly<Record<string, KeyType>> = {
  secp256r1: 'ec-p256',
  prime256v1: 'ec-p256',
  'p-256': 'ec-p256',
  secp384r1: 'ec-p384',
  'p-384': 'ec-p384',
}
const BITS: Readonly<Record<string, KeyType>> = { 2048: 'rsa-2048', 3072: 'rsa-3072', 4096: 'rsa-4096' }
const KINDS: Readonly<Record<string, 'ec' | 'rsa'>> = { ec: 'ec', rsa: 'rsa' }

function choose<T>(what: string, table: Readonly<Record<string, T>>, text: string): T {
  const key = text.toLowerCase()
  const value = Object.hasOwn(table, key) ? table[key] : undefined
  if (value !== undefined) return value
  throw new CliError(
    'USAGE',
    `The ${what} must not be ${JSON.stringify(text.slice(0, 40))}. It must be one of ${Object.keys(table).join(', ')}.`,
  )
}

/** @throws CliError USAGE */
export function keyTypeOf({
  algorithm,
  curve,
  bits,
}: Pick<CertOptions, 'algorithm' | 'curve' | 'bits'>): KeyType {
  const kind = choose('algorithm', KINDS, algorithm)
  if (kind === 'ec' && bits !== undefined)
    throw new CliError('USAGE', '-b is for rsa; for ec say the curve: -c secp384r1.')
  if (kind === 'rsa' && curve !== undefined)
    throw new CliError('USAGE', '-c is for ec; for rsa say the bits: -b 3072.')
  return kind === 'ec'
    ? choose('curve', CURVES, curve ?? 'secp256r1')
    : choose('number of bits', BITS, bits ?? '3072')
}

/** A certificate that its own key signs: it proves that the same person comes back, never a name. */
export async function cert({ now }: Invocation, options: CertOptions): Promise<Report> {
  const name = parseCommonName(options.name)
  const days = parseDays(options.days, PROFILES.client)
  const keyType = keyTypeOf(options)
  const files = pemFiles(resolve(options.out ?? (await freeBase('.', name))))
  await assertWritable(Object.values(files), options.force)
  const { privateKey } = await generateKey(keyType)
  const subject = [{ type: 'CN', value: name }]
  const certificate = await issueRoot({ profile: PROFILES.client, subject, now: now(), days }, privateKey)
  await writePrivate(files.key, exportKey(privateKey), options.force)
  await writePrivate(files.cert, encodeCertificatePem(certificate.der), options.force)
  const { serialNumber, fingerprint256, notAfter } = certificate
  return {
    document: {
      common_name: name,
      serial: serialNumber,
      fingerprint256,
      not_after: notAfter.toISOString(),
      certificate: encodeCertificatePem(certificate.der),
      files: Object.values(files),
    },
    lines: [
      `A self-signed certificate for ${name}, until ${notAfter.toISOString().slice(0, 10)}:`,
      `  ${files.cert}`,
      `  ${files.key}`,
    ],
    hints: [`To use it in later commands: gatehouse config identity --cert ${files.cert} --key ${files.key}`],
  }
}
