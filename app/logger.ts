import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { inertJson } from '../pki/inert-text.ts'
import { HEADER } from '../proxy-configs/header-contract.ts'

export type { Logger } from 'pino'

const SECRET_HEADERS = ['authorization', 'cookie', 'set-cookie', HEADER.proxySecret, HEADER.clientCert]

/** No line is meant to hold headers; should one do so some day, these values still stay out of it. */
function redactedPaths(): string[] {
  return SECRET_HEADERS.flatMap(name => {
    const key = `["${name.toLowerCase()}"]`
    return [key, `headers${key}`, `req.headers${key}`]
  })
}

/** JSON lines on standard output, written at once: an audit event must not be lost with a buffer. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ severity: label }) },
    // JSON leaves U+2028 and its like as they are, and there are readers to whom they end a line.
    hooks: { streamWrite: (line: string) => `${inertJson(line.slice(0, -1))}\n` },
    redact: { paths: redactedPaths(), censor: '[redacted]' },
  }
  return destination ? pino(options, destination) : pino(options)
}

/** Audit events are written whatever `GATEHOUSE_LOG_LEVEL` is: silence must not be something to configure by mistake. */
export function createAuditLog(logger: Logger): (event: { readonly event: string }) => void {
  const audit = logger.child({ kind: 'audit' }, { level: 'info' })
  return event => audit.info(event)
}
