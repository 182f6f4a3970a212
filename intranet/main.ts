import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from './answers.ts'
import { echoWebSocket } from './web-socket.ts'

/** @throws RangeError */
function readPort(): number {
  const text = process.env.INTRANET_PORT ?? '8080'
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new RangeError(
    `INTRANET_PORT must not be ${JSON.stringify(text)}. It must be a number from 0 (any free port) to 65535; left out, it is 8080.`,
  )
}

/** A service with no login of its own: it believes whatever stands before it, so nothing else may reach it. */
async function serve(): Promise<void> {
  const host = process.env.INTRANET_HOST ?? '127.0.0.1'
  // A large upload may take as long as it likes; keepAliveTimeout is longer than the proxies keep an idle connection.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 75_000 }, answer)
  server.on('upgrade', echoWebSocket)
  server.listen(readPort(), host)
  await once(server, 'listening')
  console.log(JSON.stringify({ kind: 'listening', host, port: (server.address() as AddressInfo).port }))
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
}

try {
  await serve()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = error instanceof RangeError ? 2 : 1
}
