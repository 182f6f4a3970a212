import { soleAttribute } from '../../pki/distinguished-name.ts'
import { inertName } from '../../pki/inert-text.ts'
import { PROFILES } from '../../pki/profiles.ts'
import { relativeTime } from '../../pki/relative-time.ts'
import type { Identified } from '../identity/identify.ts'
import type { Identity } from '../identity/identity.ts'
import { isAtLeast } from '../identity/levels.ts'
import type { NextStep } from '../identity/reasons.ts'
import { whyAnonymous } from '../identity/refusal.ts'
import { digestText } from './digest-text.ts'
import { greeting } from './greeting.ts'
import type { Site } from './navigation.ts'
import type { NextSteps } from './next-steps.ts'

type Fact = readonly [term: string, value: string]

// Our own choice: when the first reminder goes out by mail.
const RENEWAL_MS = 30 * 86_400_000

function facts({ identity, issuer }: Identified, now: Date): readonly Fact[] {
  const { notAfter } = identity
  if (identity.fingerprint256 === null) return []
  const all: (readonly [string, string | null])[] = [
    ['Name', identity.name && inertName(identity.name)],
    ['Organisation', identity.organisation && inertName(identity.organisation)],
    ['E-mail', identity.email && inertName(identity.email)],
    [
      'Issued by',
      issuer ? (soleAttribute(issuer.subject, 'CN') ?? 'the client CA') : 'itself: it is self-signed',
    ],
    ['Serial number', identity.serial],
    ['SHA-256', identity.fingerprint256 && digestText(identity.fingerprint256)],
    ['Valid until', notAfter && `${notAfter.slice(0, 10)} (${relativeTime(new Date(notAfter), now)})`],
    ['Reached', whichWay(identity)],
  ]
  return all.filter((fact): fact is Fact => fact[1] !== null)
}

function whichWay({ via }: Identity): string {
  return via === null || via === 'direct' ? 'directly' : `through ${via}`
}

// Of the bar: what a certificate lives unless somebody says otherwise.
const WHOLE_DAYS = PROFILES.client.days.usual

function timeLeft({ notAfter }: Identity, now: Date) {
  if (notAfter === null) return undefined
  const ms = Date.parse(notAfter) - now.getTime()
  const days = Math.max(0, Math.floor(ms / 86_400_000))
  const text = `${days} ${days === 1 ? 'day' : 'days'} left`
  return { days: Math.min(days, WHOLE_DAYS), of: WHOLE_DAYS, text, isEnding: ms <= RENEWAL_MS }
}

interface Advice {
  readonly text: string
  readonly next: readonly NextStep[]
  /** Of what is wrong; nothing is, where somebody just came without a certificate. */
  readonly code?: string
}

function advice(caller: Identified, now: Date): Advice | undefined {
  const why = whyAnonymous(caller)
  if (why?.code === 'CERT_MISSING') return { text: why.detail, next: why.next }
  if (why) return { text: why.detail, next: why.next, code: why.code }
  const { level, notAfter } = caller.identity
  if (level === 'untrusted') {
    const text = 'Your certificate is self-signed: the key is recognised, but nobody vouches for whose it is.'
    return { text, next: ['enrol'] }
  }
  const isEnding = notAfter !== null && Date.parse(notAfter) - now.getTime() <= RENEWAL_MS
  return isEnding ? { text: 'Renew your certificate in time: gatehouse renew.', next: [] } : undefined
}

export interface HomeOptions {
  readonly nextSteps: NextSteps
  readonly site: Site
  readonly now: Date
}

/** Where somebody without a certificate may go from here. */
function doors({ hasGate, canEnrol }: Site) {
  const all = [
    canEnrol && {
      path: 'tlsauth/register/',
      label: 'Get a certificate',
      about: 'Your browser makes a key, and this site a certificate for it. It takes a minute.',
    },
    {
      path: 'tlsauth/import/',
      label: 'Import one',
      about:
        'You have a .p12 file and its passphrase: where they go on your system. A browser asks after it was restarted.',
    },
    hasGate && {
      path: '_auth/login',
      label: 'Log in by code',
      about: 'On a device without a certificate, with the app that shows your codes.',
    },
  ]
  return all.filter(door => door !== false)
}

/** What the first page shows; nothing in it can break out of its place. */
export function homePage(caller: Identified, { nextSteps, site, now }: HomeOptions) {
  const { identity } = caller
  const hint = advice(caller, now)
  // Nothing is wrong, and there is a door to all that there is to do.
  const isDoorEnough = site.canEnrol && hint?.code === undefined
  return {
    title: greeting(identity),
    greeting: greeting(identity),
    level: identity.level,
    facts: facts(caller, now),
    advice: hint,
    steps: nextSteps(isDoorEnough ? [] : (hint?.next ?? [])),
    left: timeLeft(identity, now),
    canRenew: isAtLeast(identity.level, 'trusted'),
    doors: isAtLeast(identity.level, 'trusted') ? [] : doors(site),
  }
}
