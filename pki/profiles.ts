import { PkiError } from './errors.ts'
import { OID } from './object-identifiers.ts'
import type { KeyUsage } from './read-extensions.ts'

/** What kind of certificate it is; all else (names, keys, time) comes with the request. */
export interface Profile {
  readonly isCa: boolean
  /** CA certificates that may follow below (RFC 5280 section 4.2.1.9). */
  readonly pathLength?: number
  readonly keyUsage: readonly KeyUsage[]
  /** Object identifier of the one purpose. */
  readonly extendedKeyUsage?: string
  readonly days: { readonly usual: number; readonly most: number }
}

// Our own choice: whoever imports a root does not want to do so every year.
const CA_DAYS = { usual: 3650, most: 3650 }

/** Every certificate is version 3, with a random serial number, subject and authority key identifiers. */
export const PROFILES = {
  serverRoot: { isCa: true, pathLength: 0, keyUsage: ['keyCertSign', 'cRLSign'], days: CA_DAYS },
  clientCa: {
    isCa: true,
    pathLength: 0,
    // The first is for OCSP: its answers are neither certificates nor revocation lists.
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    days: CA_DAYS,
  },
  server: {
    isCa: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: OID.serverAuth,
    // Apple and Chrome refuse more than 398 days.
    days: { usual: 397, most: 397 },
  },
  client: {
    isCa: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: OID.clientAuth,
    // Our own choice: a lost laptop that nobody reports stops working within a quarter. 825 days is the most that
    // macOS accepts in any certificate below a CA that a person has added.
    days: { usual: 90, most: 825 },
  },
} as const satisfies Record<string, Profile>

/**
 * @param text a whole number of days, such as `90`
 * @throws PkiError DAYS_INVALID
 */
export function parseDays(text: string, { days }: Profile): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= 1 && value <= days.most) return value
  throw new PkiError(
    'DAYS_INVALID',
    `The days of validity must not be "${text}". It must be a whole number from 1 to ${days.most}; left out, it is ${days.usual}.`,
  )
}
