import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import type { Authority } from '../authority/authority.ts'
import { createContractReader } from '../identity/read-contract.ts'
import type { Store } from '../store/store.ts'
import { parse } from './api/parse-input.ts'
import { isKnown } from './is-known.ts'
import { onlyReading } from './only-methods.ts'
import { proxyListText } from './proxy-list-text.ts'

export interface ProxyListOptions {
  readonly proxySecrets: readonly string[]
  readonly store: Store
  readonly authority: Pick<Authority, 'listHead'>
}

function number(most: number) {
  const isNumber = (text: string) => /^\d{1,12}$/.test(text) && Number(text) <= most
  return z.string().refine(isNumber, `must be a number from 0 to ${most}`).default('0').transform(Number)
}

export const ProxyListQuery = z.strictObject({
  /** Twelve digits: seconds of thirty thousand years. */
  after: number(999_999_999_999),
  nonce: z
    .string()
    .regex(/^[0-9A-Za-z]{16,64}$/, 'must be 16 to 64 of 0-9, A-Z and a-z, other ones for each request'),
  wait: number(25),
  proxy: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be the name of the proxy, 1 to 32 of a-z, 0-9 and "-"'),
})

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
    const { after, nonce, wait } = parse(ProxyListQuery, request.query, 'query')
    const signal = untilGone(response)
    const to = await authority.listHead.newer({ after, waitMs: wait * 1000, signal })
    if (signal.aborted) return
    response.set('ETag', `W/"${to}"`).type('text/plain')
    if (isKnown(request, `"${to}"`)) return void response.status(304).end()
    const text = proxyListText(store, { nonce, from: after, to }, secretOf(request))
    await pipeline(Readable.from(text), response).catch(error => {
      if (!signal.aborted) throw error
    })
  }
  const router = Router({ caseSensitive: true, strict: true })
  router.route('/pki/revoked').all(onlyProxies).get(answer).all(onlyReading)
  return router
}

/** The one that was presented: of several that are right, the proxy knows only its own. */
function secretOf({ headers }: Request): string {
  return String(headers[HEADER.proxySecret.toLowerCase()])
}

function untilGone(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}
