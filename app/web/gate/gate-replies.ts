import { encodeQR } from 'qr'
import type { Entry } from '../../gate/sessions.ts'
import type { SetupOffer } from '../../gate/set-up.ts'
import { gateLevelOf } from '../../gate-means.ts'
import type { OpenGateSession } from '../../store/gate-store.ts'

function iso(time: number): string {
  return new Date(time).toISOString()
}

export function sessionJson(session: OpenGateSession, recoveryCodesLeft: number) {
  return {
    user: session.name,
    level: gateLevelOf(session.means),
    since: iso(session.createdAt),
    until: iso(session.expiresAt),
    token_until: iso(session.tokenExpiresAt),
    recovery_codes_left: recoveryCodesLeft,
  }
}

export function offerJson({ expiresAt, ...offer }: SetupOffer) {
  return { ...offer, expires_at: iso(expiresAt) }
}

/** What the page of an offer shows; the picture is a part of it, so that the secret is in no address. */
export function offerPage({ expiresAt: _, ...offer }: SetupOffer, problem?: string) {
  return { ...offer, title: 'Set up', qr: encodeQR(offer.uri, 'svg'), problem }
}

export function accountPage({ name, means, expiresAt }: OpenGateSession, recoveryCodesLeft: number) {
  const until = `${iso(expiresAt).slice(0, 16).replace('T', ' ')} UTC`
  return { title: name, session: { level: gateLevelOf(means), until, recoveryCodesLeft } }
}

export function setUpJson({ session }: Entry, recoveryCodes: readonly string[]) {
  return { ...sessionJson(session, recoveryCodes.length), recovery_codes: recoveryCodes }
}
