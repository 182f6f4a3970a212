import { inertName } from '../../pki/inert-text.ts'
import type { Identity } from '../identity/identity.ts'
import { greeting } from './greeting.ts'

type Row = readonly [term: string, value: string]

const DAY_MS = 86_400_000

function validUntil(notAfter: string, now: Date): string {
  const days = Math.floor((Date.parse(notAfter) - now.getTime()) / DAY_MS)
  return `${notAfter.slice(0, 10)} (${days} ${days === 1 ? 'day' : 'days'} left)`
}

function rows(identity: Identity, now: Date): Row[] {
  const all: [string, string | null][] = [
    ['Name', identity.name && inertName(identity.name)],
    ['Organisation', identity.organisation && inertName(identity.organisation)],
    ['E-mail', identity.email && inertName(identity.email)],
    ['Serial number', identity.serial],
    ['SHA-256', identity.fingerprint256?.match(/.{1,4}/g)?.join(' ') ?? null],
    ['Valid until', identity.notAfter && validUntil(identity.notAfter, now)],
  ]
  return all.filter((row): row is [string, string] => row[1] !== null)
}

function advice({ level, verify }: Identity): string | undefined {
  if (verify === 'NONE') {
    return 'Your browser sent no client certificate. Import the .p12 file that you were given, and open this page again.'
  }
  if (level === 'untrusted') {
    return 'Your certificate is self-signed: the key is recognised, but nobody vouches for whose it is.'
  }
  if (level === 'anonymous') {
    return `Your client certificate is not accepted: ${verify.slice('FAILED:'.length)}. Ask for a new one.`
  }
  return undefined
}

/** What the first page shows; nothing in it can break out of its place. */
export function homePage(identity: Identity, now: Date) {
  return {
    title: greeting(identity),
    greeting: greeting(identity),
    level: identity.level,
    rows: rows(identity, now),
    advice: advice(identity),
    via: identity.via === null || identity.via === 'direct' ? 'directly' : `through ${identity.via}`,
  }
}
