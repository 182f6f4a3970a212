import { ADMIN_ORGANISATION } from '../../pki/organisations.ts'

/** How far a caller is believed; a higher rank may all that a lower one may. */
export const LEVELS = {
  anonymous: { rank: 0, rule: 'no certificate, or one that was refused' },
  untrusted: {
    rank: 1,
    rule: 'a valid self-signed certificate: the same key as last time, but whose is not known',
  },
  trusted: { rank: 2, rule: 'a valid certificate that the client CA issued' },
  admin: { rank: 3, rule: 'trusted, and of the organisation "CA admins"' },
} as const satisfies Record<string, { rank: number; rule: string }>

export type Level = keyof typeof LEVELS

export function isLevel(value: unknown): value is Level {
  return typeof value === 'string' && Object.hasOwn(LEVELS, value)
}

export function isAtLeast(level: Level, wanted: Level): boolean {
  return LEVELS[level].rank >= LEVELS[wanted].rank
}

/** The level of a certificate that the client CA issued. */
export function levelOfIssued(organisation: string | null): Level {
  return organisation === ADMIN_ORGANISATION ? 'admin' : 'trusted'
}
