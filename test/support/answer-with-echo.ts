import type { IncomingMessage, ServerResponse } from 'node:http'

function describe({ method, url, rawHeaders, socket }: IncomingMessage) {
  return { method, url, rawHeaders, connection: `${socket.remoteAddress}:${socket.remotePort}` }
}

/** Answers a request with what it was, as JSON, and prints it when it begins. */
export function answerWithEcho(request: IncomingMessage, response: ServerResponse): void {
  console.log(JSON.stringify(describe(request)))
  // As one that dies over a request.
  if (request.url === '/hang-up') request.socket.destroy()
  // As one that has heard enough.
  if (request.url?.endsWith('/early')) return void response.writeHead(403).end('early\n')
  const body: Buffer[] = []
  request.on('data', chunk => body.push(chunk))
  request.on('end', () => {
    const { rawTrailers } = request
    response.setHeader('content-type', 'application/json')
    const { searchParams } = new URL(request.url ?? '', 'http://echo')
    response.setHeader('set-cookie', searchParams.getAll('set-cookie'))
    response.end(
      JSON.stringify({ ...describe(request), rawTrailers, body: Buffer.concat(body).toString('latin1') }),
    )
  })
}
