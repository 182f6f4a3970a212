// What a back end really receives: answers every request with its raw request as JSON, and prints it when it begins.
import { createServer } from 'node:http'
import { answerWithEcho } from './answer-with-echo.ts'

// As lenient as Node can be: a proxy must not need a back end that is careful.
const options = { maxHeaderSize: 64 * 1024, insecureHTTPParser: true, requireHostHeader: false }
const server = createServer(options, answerWithEcho)
// All that came must be seen: Node itself would silently drop what is beyond the 2,000th.
server.maxHeadersCount = 0
// Bytes that are no request are a finding as well.
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  if (error.code?.startsWith('HPE_')) console.log(JSON.stringify({ unreadable: error.code }))
  socket.destroy()
})
server.listen(8080)

process.on('SIGTERM', () => process.exit(0))
