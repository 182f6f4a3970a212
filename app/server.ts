import { constants } from 'node:crypto'
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import type { Config } from './config.ts'
import { answerClientError } from './web/answer-client-error.ts'

// Our own choices: a slow client must not hold a connection for long.
const LIMITS: ServerOptions = {
  headersTimeout: 15_000,
  // For a whole request; what a body may take is bounded by what it is for (web/bound-body.ts), and less.
  requestTimeout: 20 * 60_000,
  // Longer than the proxies keep an idle connection (60 s), so that none sends a request into a closing one.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
  // Node's default, written down: a chain of RSA-4096 certificates fits, and what does not gets 431.
  maxHeaderSize: 16 * 1024,
}
const HANDSHAKE_TIMEOUT_MS = 10_000

// https://wiki.mozilla.org/Security/Server_Side_TLS, intermediate, without the finite-field suites.
const MOZILLA_INTERMEDIATE: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  ecdhCurve: 'X25519MLKEM768:X25519:prime256v1:secp384r1',
  // The certificate of a connection is the one of its handshake.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  // Seconds. Our own choice; whoever resumes is verified like everybody else, on every request.
  sessionTimeout: 3_600,
}

/** HTTP behind a proxy, HTTPS that asks for a client certificate in direct mode; not listening yet. */
export function createServer(config: Config, listener: RequestListener): Server {
  const server =
    config.front === 'direct' ? directServer(config, listener) : createHttpServer(LIMITS, listener)
  // Their size is bounded; a bound on their number would silently drop the last, and those may be the proxy's.
  server.maxHeadersCount = 0
  server.on('clientError', answerClientError)
  // Whoever asks first whether a body is wanted is told so by the route that reads it, or is refused before it is sent.
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  return server
}

function directServer(config: Config & { front: 'direct' }, listener: RequestListener): Server {
  return createHttpsServer(
    {
      ...LIMITS,
      ...MOZILLA_INTERMEDIATE,
      ...config.tls,
      ca: config.clientCa,
      requestCert: true,
      // The handshake takes every certificate, and the application says over HTTP what is wrong with it.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      ALPNProtocols: ['http/1.1'],
    },
    listener,
  )
}
