// Promise: a body that does not come in its time ends its request, and one that has come in time ends nothing.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import express from 'express'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { boundBody } from '../../../../app/web/bound-body.ts'

let server: ReturnType<ReturnType<typeof express>['listen']>
let answers: number
beforeEach(async () => {
  answers = 0
  const app = express()
  app.use(boundBody(({ path }) => ({ octets: 1000, ms: path === '/slow' ? 60_000 : 200 })))
  app.use(express.text())
  app.use((_request, response) => {
    answers += 1
    response.send('taken\n')
  })
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function open(head: string) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`POST /${head}\r\nHost: x\r\nContent-Type: text/plain\r\n`)
  return socket.setEncoding('utf8')
}

it.each([
  ['announced', 'Content-Length: 5\r\n\r\nhal'],
  ['not announced', 'Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n'],
])('half a body, %s: 408, and the connection ends', async (_, rest) => {
  const socket = open('fast HTTP/1.1')
  socket.write(rest)
  const said = (await socket.toArray()).join('')
  expect(said).toMatch(/^HTTP\/1\.1 408 /)
  expect(answers).toBe(0)
})

it('a whole body: its answer, and the next request on the same connection gets one, too', async () => {
  const socket = open('fast HTTP/1.1')
  socket.write('Content-Length: 5\r\n\r\nwhole')
  await expect.poll(() => answers).toBe(1)
  // Meanwhile the time of the first body passes.
  const other = open('fast HTTP/1.1')
  other.write('Content-Length: 5\r\n\r\nhal')
  await other.toArray()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const said = (await socket.toArray()).join('')
  expect(said.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
})

it('each address has its own time', async () => {
  const slow = open('slow HTTP/1.1')
  slow.write('Content-Length: 5\r\n\r\nwho')
  const fast = open('fast HTTP/1.1')
  fast.write('Content-Length: 5\r\n\r\nhal')
  await fast.toArray()
  slow.write('le')
  const [said] = await once(slow, 'data')
  expect(said).toMatch(/^HTTP\/1\.1 200 /)
  slow.destroy()
})
