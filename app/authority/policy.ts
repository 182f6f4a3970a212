import { pathToFileURL } from 'node:url'
import { AppError } from '../errors.ts'
import type { Subject } from './subject.ts'

/** What is asked for, when it is fit to be issued and only the decision is missing. */
export interface Enrolment extends Subject {
  /** `register`: by name, with a proof of work or by form. `certify`: a signing request without more. */
  readonly channel: 'register' | 'certify'
  /** Whether the key was made by the caller, who has proved to have it. */
  readonly isOwnKey: boolean
  /** Network address. */
  readonly address: string | null
}

/** `queue`: an administrator decides. */
export type Verdict = 'sign' | 'queue' | { readonly refuse: string }

/** Who gets a certificate without an administrator; R1 calls it the scrutiniser. */
export type Policy = (enrolment: Enrolment) => Verdict | Promise<Verdict>

export const POLICIES = {
  'sign-registrations': ({ channel }) => (channel === 'register' ? 'sign' : 'queue'),
  queue: () => 'queue',
  sign: () => 'sign',
} as const satisfies Record<string, Policy>

export const DEFAULT_POLICY: keyof typeof POLICIES = 'sign-registrations'

/**
 * @param name one of `POLICIES`, or the path of a module that exports a function `policy`
 * @throws AppError CONFIG_INVALID
 */
export async function loadPolicy(name: string): Promise<Policy> {
  if (Object.hasOwn(POLICIES, name)) return POLICIES[name as keyof typeof POLICIES]
  const found = await import(pathToFileURL(name).href).catch((cause: unknown) => {
    throw unusable(name, `it cannot be loaded: ${(cause as Error).message}`, { cause })
  })
  if (typeof found.policy === 'function') return found.policy
  throw unusable(name, 'it exports no function named policy')
}

function unusable(name: string, why: string, options?: ErrorOptions): AppError {
  const takes = `one of ${Object.keys(POLICIES).join(', ')}, or the path of a module that exports a function policy`
  return new AppError(
    'CONFIG_INVALID',
    `GATEHOUSE_POLICY must not be "${name}": ${why}. It must be ${takes}; left out, it is "${DEFAULT_POLICY}".`,
    options,
  )
}
