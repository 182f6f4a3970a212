/** Whoever has this organisation administers; see "Levels" in docs/levels.md. */
export const ADMIN_ORGANISATION = 'CA admins'

/** What the key script gives to everybody else. */
export const DEFAULT_ORGANISATION = 'Gatehouse'
