import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { createSigningRequest } from '../pki/create-signing-request.ts'
import { generateKey, type KeyType } from '../pki/key-type.ts'
import { encodeSigningRequestPem } from '../pki/pem.ts'
import { PKCS12_PROFILES } from '../pki/pkcs12-profile.ts'
import type { IssuedAnswer } from './answers.ts'
import type { IdentityFiles } from './config-file.ts'
import { CliError } from './errors.ts'
import type { Client } from './http-client.ts'
import { pemFiles } from './identity-files.ts'
import { encodeOwnPkcs12, passphrasePath, writePkcs12 } from './pkcs12-files.ts'
import { assertWritable, readNamed, writePrivate } from './private-files.ts'
import { distinguishedName, type Subject } from './subject-options.ts'

/** Where what is asked for will be kept; written down while an administrator decides. */
export const PLAN = z.strictObject({
  /** Who makes the key: this machine, which then never sends it, or the server. */
  keyFrom: z.enum(['here', 'server']),
  /** `BASE.key` and `BASE.crt`, for a key from here. */
  base: z.string(),
  /** A PKCS#12 file to write, for browsers; always with a key from the server. */
  p12: z.string().optional(),
  profile: z.enum(PKCS12_PROFILES),
})
export type EnrolmentPlan = z.infer<typeof PLAN>

/** What was issued, as far as it is kept. */
export type Issued = Pick<IssuedAnswer, 'certificate' | 'pkcs12' | 'passphrase' | 'common_name'>

function filesOf({ keyFrom, base, p12 }: EnrolmentPlan): readonly string[] {
  const pkcs12 = p12 === undefined ? [] : [p12, passphrasePath(p12)]
  return keyFrom === 'here' ? [...Object.values(pemFiles(base)), ...pkcs12] : pkcs12
}

export function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The request for a key, in PEM. */
export async function requestFor(subject: Subject, privateKey: KeyObject): Promise<string> {
  const wish = {
    subject: distinguishedName(subject),
    ...(subject.email === undefined ? {} : { emails: [subject.email] }),
  }
  return encodeSigningRequestPem(await createSigningRequest(wish, privateKey))
}

export interface Preparation {
  readonly plan: EnrolmentPlan
  readonly subject: Subject
  readonly keyType: KeyType
  readonly isForced: boolean
}

/**
 * What goes into the body of the request. A key from here is on disk before it is sent, so that no certificate is ever
 * issued whose key is lost.
 * @throws CliError FILE_EXISTS
 */
export async function prepareEnrolment(
  preparation: Preparation,
): Promise<{ csr: string } | { pkcs12: string }> {
  const { plan, subject, keyType, isForced } = preparation
  await assertWritable(filesOf(plan), isForced)
  if (plan.keyFrom === 'server') return { pkcs12: plan.profile }
  const { privateKey } = await generateKey(keyType)
  await writePrivate(pemFiles(plan.base).key, exportKey(privateKey), isForced)
  return { csr: await requestFor(subject, privateKey) }
}

/** For a request that was refused: its key is of no use to anybody. */
export async function abandonEnrolment({ keyFrom, base }: EnrolmentPlan): Promise<void> {
  if (keyFrom === 'here') await rm(pemFiles(base).key, { force: true })
}

/** @throws CliError KEYS_MISMATCHED when the server certified another key than was sent */
export function assertOwnKey(certificatePem: string, privateKey: KeyObject, path: string): void {
  if (new X509Certificate(certificatePem).checkPrivateKey(privateKey)) return
  throw new CliError(
    'KEYS_MISMATCHED',
    `The server sent a certificate for another key than ${path}, which was not kept. Tell whoever runs it.`,
  )
}

async function keepOwn(
  plan: EnrolmentPlan,
  client: Client,
  issued: Issued,
  isForced: boolean,
): Promise<void> {
  const { key, cert } = pemFiles(plan.base)
  const privateKey = createPrivateKey(await readNamed(key, 'the private key'))
  assertOwnKey(issued.certificate, privateKey, key)
  await writePrivate(cert, issued.certificate, isForced)
  if (plan.p12 === undefined) return
  await writePkcs12(
    plan.p12,
    await encodeOwnPkcs12({ client, issued, privateKey, profile: plan.profile }),
    isForced,
  )
}

async function keepServers({ p12 }: EnrolmentPlan, issued: Issued, isForced: boolean): Promise<void> {
  if (p12 === undefined || issued.pkcs12 === undefined || issued.passphrase === undefined) {
    throw new CliError(
      'ANSWER_UNEXPECTED',
      'The server sent a certificate without the key that it was asked to make.',
    )
  }
  const data = Buffer.from(issued.pkcs12, 'base64')
  await writePkcs12(p12, { data, passphrase: issued.passphrase }, isForced)
}

/**
 * Writes what was issued where it was planned.
 * @returns what to present from now on, and every file of it
 */
export async function keepEnrolment(
  plan: EnrolmentPlan,
  client: Client,
  issued: Issued,
  isForced = false,
): Promise<{ readonly identity: IdentityFiles; readonly files: readonly string[] }> {
  const files = filesOf(plan)
  if (plan.keyFrom === 'here') {
    await keepOwn(plan, client, issued, isForced)
    return { identity: pemFiles(plan.base), files }
  }
  await keepServers(plan, issued, isForced)
  const p12 = plan.p12 ?? ''
  return { identity: { p12, passphrase_file: passphrasePath(p12) }, files }
}
