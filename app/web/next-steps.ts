import type { NextStep } from '../identity/reasons.ts'

/** A sentence around a link, if there is one; `path` is relative to the root of the site. */
export interface Step {
  readonly before: string
  readonly path?: string
  readonly after?: string
}

const STEPS: Readonly<Record<NextStep, Step>> = {
  present: {
    before:
      'Present one that the client CA of this site issued: import its .p12 file. A browser offers none that has expired, and asks again after it was closed.',
  },
  'present-another': { before: 'Present another one, or none: a browser asks again after it was closed.' },
  enrol: {
    before: 'Get one with the command gatehouse register, or at ',
    path: 'tlsauth/register/',
    after: ' of this site.',
  },
  renew: {
    before: 'It is too late to renew it (gatehouse renew): present its successor, if it has one.',
  },
  wait: { before: 'Come back then. If that time has come where you are, one of the clocks is wrong.' },
  ask: { before: 'An administrator can issue one.' },
}

export type NextSteps = (next: readonly NextStep[]) => readonly Step[]

/** @param canEnrol whether a stranger can get a certificate by himself; if not, he is sent to an administrator */
export function createNextSteps(canEnrol: boolean): NextSteps {
  return next => next.map(step => STEPS[step === 'enrol' && !canEnrol ? 'ask' : step])
}

export function stepText({ before, path = '', after = '' }: Step): string {
  return before + path + after
}
