import { once } from 'node:events'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import type { Authority } from '../authority/authority.ts'
import { createContractReader } from '../identity/read-contract.ts'
import type { Store } from '../store/store.ts'
import { parse } from './api/parse-input.ts'
import { ProxyListQuery } from './api/proxy-list.ts'
import { isKnown } from './is-known.ts'
import { onlyReading } from './only-methods.ts'
import { proxyListText } from './proxy-list-text.ts'

export interface ProxyListOptions {
  readonly proxySecrets: readonly string[]
  readonly store: Store
  readonly authority: Pick<Authority, 'proxies'>
}

/**
 * The list for proxies, which refuse by it what the application would refuse. For everybody else the address does not
 * exist: a request of a client comes through a proxy, and so with `Via`.
 */
export function proxyListRouter({ proxySecrets, store, authority }: ProxyListOptions): Router {
  const read = createContractReader(proxySecrets)
  const onlyProxies: RequestHandler = (request, _response, next) => {
    const isProxy = request.headers.via === undefined && read(request).offer.kind === 'none'
    next(isProxy ? undefined : 'route')
  }
  const answer: RequestHandler = async (request, response) => {
    const { after, nonce, wait, proxy: name } = parse(ProxyListQuery, request.query, 'query')
    const signal = untilGone(response)
    const follower = { name, address: addressOf(request) }
    const to = await authority.proxies.follow(follower, { after, waitMs: wait * 1000, signal })
    if (signal.aborted) return
    response.set({ 'Cache-Control': 'no-store', ETag: `W/"${to}"` }).type('text/plain')
    if (isKnown(request, `"${to}"`)) return void response.status(304).end()
    await write(proxyListText(store, { nonce, from: after, to }, secretOf(request)), response, signal)
  }
  const router = Router({ caseSensitive: true, strict: true })
  router.route('/pki/revoked').all(onlyProxies).get(answer).all(onlyReading)
  return router
}

/** The one that was presented: of several that are right, the proxy knows only its own. */
function secretOf({ headers }: Request): string {
  return String(headers[HEADER.proxySecret.toLowerCase()])
}

function addressOf({ socket }: Request): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
}

/** As fast as it is read, until the end or until nobody reads it any more. */
async function write(text: AsyncIterable<string>, response: Response, signal: AbortSignal): Promise<void> {
  for await (const piece of text) {
    if (!response.write(piece)) await once(response, 'drain', { signal }).catch(() => undefined)
    if (signal.aborted) return
  }
  response.end()
}

function untilGone(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}
