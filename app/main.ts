import { createApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { createDrain } from './drain.ts'
import { AppError } from './errors.ts'
import { listen } from './listen.ts'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'
import { createServer } from './server.ts'

// Below the ten seconds after which Docker kills.
const DRAIN_MS = 8_000

async function serve(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel)
  const metrics = createMetrics()
  let isReady = false
  const app = createApp({ config, logger, metrics, isReady: () => isReady, now: () => new Date() })
  const server = createServer(config, app)
  const drain = createDrain(server)
  const { address, port } = await listen(server, config.host, config.port)
  isReady = true
  logger.info({ kind: 'listening', front: config.front, address, port })

  const signal = await nextSignal()
  isReady = false
  logger.info({ kind: 'draining', signal })
  const isClean = await drain.begin(DRAIN_MS)
  logger.info({ kind: 'stopped', isClean })
}

/** A second signal has its usual effect, for whoever cannot wait. */
function nextSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  const signals = ['SIGTERM', 'SIGINT'] as const
  const stop = (signal: NodeJS.Signals) => {
    for (const each of signals) process.off(each, stop)
    resolve(signal)
  }
  for (const each of signals) process.on(each, stop)
  return promise
}

try {
  await serve(loadConfig(process.env))
} catch (error) {
  if (!(error instanceof AppError)) throw error
  console.error(error.message)
  process.exitCode = error.code === 'CONFIG_INVALID' ? 2 : 1
}
