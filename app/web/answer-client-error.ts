import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

const STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}

/**
 * What Node's parser refuses never becomes a request: answered here with problem details, and the connection ends,
 * because nobody knows where the next request would begin.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: answering } = socket as Duplex & { _httpMessage?: { headersSent: boolean } }
  if (!socket.writable || error.code === 'ECONNRESET' || answering?.headersSent) {
    socket.destroy()
    return
  }
  const status = STATUS[error.code ?? ''] ?? 400
  const title = STATUS_CODES[status]
  const body = `${JSON.stringify({ type: 'about:blank', title, status, code: 'REQUEST_INVALID' })}\n`
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nCache-Control: no-store\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
