import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMailbox } from './mailbox.ts'
import { createPages } from './pages.ts'
import { createSmtpSink } from './smtp-sink.ts'

/** @throws RangeError */
function readPort(name: string, usual: number): number {
  const text = process.env[name] ?? String(usual)
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new RangeError(
    `${name} must not be ${JSON.stringify(text)}. It must be a number from 0 (any free port) to 65535; left out, it is ${usual}.`,
  )
}

async function serve(): Promise<void> {
  // It takes mail from anybody: for this machine alone until somebody says otherwise.
  const host = process.env.MAIL_CATCHER_HOST ?? '127.0.0.1'
  // The usual ports of mail catchers.
  const ports = {
    smtp: readPort('MAIL_CATCHER_SMTP_PORT', 1025),
    http: readPort('MAIL_CATCHER_HTTP_PORT', 8025),
  }
  const mailbox = createMailbox()
  const sink = createSmtpSink(mailbox, () => new Date())
  const listening = Promise.withResolvers<void>()
  sink.once('error', listening.reject)
  const smtp = sink.listen(ports.smtp, host, listening.resolve)
  await listening.promise
  // A client that goes away in the middle is no reason to end.
  sink.on('error', (error: Error) => console.error(error.message))
  // Last, so that whoever asks after its health hears of both.
  const http = createServer({ requestTimeout: 30_000 }, createPages(mailbox)).listen(ports.http, host)
  await once(http, 'listening')
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port
  console.log(JSON.stringify({ kind: 'listening', host, smtp: portOf(smtp), http: portOf(http) }))

  const stop = () => {
    sink.close()
    http.close()
    http.closeAllConnections()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
}

try {
  await serve()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = error instanceof RangeError ? 2 : 1
}
