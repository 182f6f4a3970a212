import { resolve } from 'node:path'
import { DEFAULT_KEY_TYPE, parseKeyType } from '../../pki/key-type.ts'
import { DEFAULT_PKCS12_PROFILE, parsePkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { CHALLENGE, ISSUED, REQUEST, type RequestAnswer } from '../answers.ts'
import { abandonEnrolment, type EnrolmentPlan, prepareEnrolment } from '../enrolment.ts'
import { ServerError } from '../errors.ts'
import { freeBase } from '../free-base.ts'
import type { Answer, Client } from '../http-client.ts'
import { pemFiles } from '../identity-files.ts'
import { connect, type Invocation } from '../invocation.ts'
import { keepIssued } from '../keep-issued.ts'
import { type Report, say } from '../output.ts'
import { rememberRequest } from '../pending-requests.ts'
import { ensureFolder } from '../private-files.ts'
import { showProgress } from '../progress.ts'
import { solveChallenge } from '../proof-of-work.ts'
import { parseSubject, type SubjectOptions, subjectBody } from '../subject-options.ts'
import { resumeRegistration } from './resume-registration.ts'

export interface RegisterOptions extends SubjectOptions {
  readonly configure?: boolean
  readonly out?: string
  readonly pkcs12?: string
  readonly serverKey?: boolean
  readonly keyType?: string
  readonly force?: boolean
  readonly showPassphrase?: boolean
  /** An id, or `true` for the only one. */
  readonly resume?: string | true
}

interface Context {
  readonly invocation: Invocation
  readonly client: Client
  readonly plan: EnrolmentPlan
}

async function planOf(
  { folders }: Invocation,
  options: RegisterOptions,
  name: string,
): Promise<EnrolmentPlan> {
  await ensureFolder(folders.config)
  await ensureFolder(folders.keys)
  const base = await freeBase(folders.keys, name)
  const p12 =
    options.out === undefined ? (options.serverKey ? `${base}.p12` : undefined) : resolve(options.out)
  return {
    keyFrom: options.serverKey ? 'server' : 'here',
    base,
    ...(p12 === undefined ? {} : { p12 }),
    profile: parsePkcs12Profile(options.pkcs12 ?? DEFAULT_PKCS12_PROFILE),
  }
}

async function proveWork({ output, now }: Invocation, client: Client) {
  const challenge = await client.read(CHALLENGE, { path: 'register/challenge' })
  const { difficulty } = challenge
  using progress = showProgress(output, `Solving the server's challenge of ${difficulty} bit`)
  const usual = 2 ** difficulty
  const onProgress = (tried: number) =>
    progress.update(`${tried.toLocaleString('en')} of about ${usual.toLocaleString('en')} tries`)
  return { challenge: challenge.challenge, nonce: await solveChallenge(challenge, { now, onProgress }) }
}

/** A definite no leaves nothing behind; with any other end, a certificate may have been issued for the key. */
async function tidyUp({ output }: Invocation, plan: EnrolmentPlan, error: unknown): Promise<void> {
  if (error instanceof ServerError && error.status < 500) return await abandonEnrolment(plan)
  if (plan.keyFrom === 'here') {
    say(
      output,
      `It is not known whether a certificate was issued. Its key is kept: ${pemFiles(plan.base).key}`,
    )
  }
}

async function send({ client, plan, invocation }: Context, body: object): Promise<Answer> {
  try {
    return await client.ask({ method: 'POST', path: 'register', body })
  } catch (error) {
    await tidyUp(invocation, plan, error)
    throw error
  }
}

/**
 * Asks for a certificate: solves the server's challenge, makes a key here (or has the server make one), and keeps what
 * is issued.
 */
export async function register(invocation: Invocation, options: RegisterOptions): Promise<Report> {
  if (options.resume !== undefined) {
    return await resumeRegistration(invocation, {
      ...options,
      id: options.resume === true ? undefined : options.resume,
    })
  }
  const subject = parseSubject(options)
  const keyType = parseKeyType(options.keyType ?? DEFAULT_KEY_TYPE)
  const plan = await planOf(invocation, options, subject.commonName)
  using client = await connect(invocation, { isAnonymous: true })
  const proof = await proveWork(invocation, client)
  const wish = await prepareEnrolment({ plan, subject, keyType, isForced: options.force === true })
  const context = { invocation, client, plan }
  const answer = await send(context, { ...proof, ...subjectBody(subject), ...wish })
  // 202: an administrator decides.
  return answer.status === 202
    ? await reportWaiting(context, options, client.parse(REQUEST, answer))
    : await keepIssued(context, options, client.parse(ISSUED, answer))
}

async function reportWaiting(
  { invocation: { folders, output }, client, plan }: Context,
  { configure = false }: RegisterOptions,
  request: RequestAnswer,
): Promise<Report> {
  const { id, common_name, requested_at, warnings } = request
  await rememberRequest(folders, { id, server: client.server, common_name, requested_at, configure, plan })
  say(output, ...warnings)
  return {
    document: { status: 'waiting', request },
    lines: [`An administrator decides on the request ${id} for ${common_name}.`],
    hints: [
      `How it stands:      gatehouse requests show ${id}`,
      `When it is decided: gatehouse register --resume ${id}`,
    ],
  }
}
