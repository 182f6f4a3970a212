import { isIPv4 } from 'node:net'
import { type Request, type RequestHandler, Router } from 'express'
import { FOREIGN_HEADERS, HEADER } from '../../proxy-configs/header-contract.ts'
import type { Front } from '../config-settings.ts'
import { AppError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { onlyReading } from './only-methods.ts'

export interface OperationsOptions {
  readonly front: Front
  readonly metrics: Metrics
  /** False while starting and draining, and while the store does not answer. */
  readonly isReady: () => boolean | Promise<boolean>
}

const OF_PROXIES = [...Object.values(HEADER), ...FOREIGN_HEADERS].map(name => name.toLowerCase())

function isLoopback(address = ''): boolean {
  const bare = address.replace(/^::ffff:/, '')
  return bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
}

/** Every proxy of the contract sets some of these headers on every request, so none of them can hand it out. */
function mayReadMetrics(front: Front, { headers, socket }: Request): boolean {
  if (OF_PROXIES.some(name => headers[name] !== undefined)) return false
  return front === 'proxy' || isLoopback(socket.remoteAddress)
}

/** What orchestrators ask: without identity, so that they need neither certificate nor proxy secret. */
export function operationsRouter({ front, metrics, isReady }: OperationsOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const healthz: RequestHandler = (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text/plain').send('ok\n')
  }
  const readyz: RequestHandler = async (_request, response) => {
    const [status, text] = (await isReady()) ? [200, 'ready\n'] : [503, 'not ready\n']
    response.set('Cache-Control', 'no-store').status(status).type('text/plain').send(text)
  }
  const showMetrics: RequestHandler = async (request, response) => {
    if (!mayReadMetrics(front, request)) throw new AppError('NOT_FOUND', 'There is nothing at this address.')
    const { contentType, body } = await metrics.render()
    response.set('Cache-Control', 'no-store').set('Content-Type', contentType).send(body)
  }
  router.route('/healthz').get(healthz).all(onlyReading)
  router.route('/readyz').get(readyz).all(onlyReading)
  router.route('/metrics').get(showMetrics).all(onlyReading)
  return router
}
