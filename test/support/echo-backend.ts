// What a back end really receives: answers every request with its raw request as JSON, and prints it when it begins.
import { createServer, type IncomingMessage } from 'node:http'

function describe({ method, url, rawHeaders, socket }: IncomingMessage) {
  return { method, url, rawHeaders, connection: `${socket.remoteAddress}:${socket.remotePort}` }
}

// As lenient as Node can be: a proxy must not need a back end that is careful.
const options = { maxHeaderSize: 64 * 1024, insecureHTTPParser: true, requireHostHeader: false }
const server = createServer(options, (request, response) => {
  console.log(JSON.stringify(describe(request)))
  // As one that dies over a request.
  if (request.url === '/hang-up') request.socket.destroy()
  const body: Buffer[] = []
  request.on('data', chunk => body.push(chunk))
  request.on('end', () => {
    const { rawTrailers } = request
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ ...describe(request), rawTrailers, body: Buffer.concat(body).toString('latin1') }),
    )
  })
})
// All that came must be seen: Node itself would silently drop what is beyond the 2,000th.
server.maxHeadersCount = 0
// Bytes that are no request are a finding as well.
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  if (error.code?.startsWith('HPE_')) console.log(JSON.stringify({ unreadable: error.code }))
  socket.destroy()
})
server.listen(8080)

process.on('SIGTERM', () => process.exit(0))
