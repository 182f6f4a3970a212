import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Offer, Reading } from './offer.ts'

const NONE: Offer = { kind: 'none' }
const offers = new WeakMap<TLSSocket, Offer>()

/**
 * `socket.authorized` is not asked: it has been true for a TLS 1.3 session resumed without a certificate
 * (nodejs/node#35317), and by names of other case than the server's (CVE-2026-48928). Only a certificate counts.
 */
function readOffer(socket: TLSSocket): Offer {
  const der = socket.getPeerX509Certificate()?.raw
  return der?.length ? { kind: 'certificate', der, finding: 'unchecked' } : NONE
}

/**
 * Direct mode: the certificate of the TLS connection, and no header at all.
 * @throws TypeError on a connection without TLS, where every caller would be anonymous by mistake
 */
export function readSocket({ socket }: Pick<IncomingMessage, 'socket'>): Reading {
  if (!(socket instanceof TLSSocket)) {
    throw new TypeError('Direct mode needs an HTTPS server: behind a proxy, set the front to "proxy".')
  }
  let offer = offers.get(socket)
  if (!offer) {
    offer = readOffer(socket)
    offers.set(socket, offer)
  }
  return { offer, via: 'direct', requestId: null, address: socket.remoteAddress ?? null }
}
