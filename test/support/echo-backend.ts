// What a back end really receives: answers every request with its raw request as JSON.
import { createServer } from 'node:http'

createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
  const body: Buffer[] = []
  request.on('data', chunk => body.push(chunk))
  request.on('end', () => {
    const { method, url, rawHeaders, rawTrailers } = request
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        method,
        url,
        rawHeaders,
        rawTrailers,
        body: Buffer.concat(body).toString('latin1'),
        connection: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
      }),
    )
  })
}).listen(8080)

process.on('SIGTERM', () => process.exit(0))
