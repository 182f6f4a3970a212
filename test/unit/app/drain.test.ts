// Promise: whoever was being served when the end came gets his answer, and nobody can hold the end up for long.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, vi } from 'vitest'
import { createDrain } from '../../../app/drain.ts'
import { listen } from '../../../app/listen.ts'

async function start(listener: RequestListener) {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener)
  const drain = createDrain(server)
  const { port } = await listen(server, '127.0.0.1', 0)
  return { server, drain, port }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const greet: RequestListener = (_request, response) => {
  response.end('hello')
}

async function refusal(port: number): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1')
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

it('finishes the request that has begun, says that the connection ends, and takes no new one', async () => {
  const { promise: finish, resolve } = Promise.withResolvers<void>()
  const { server, drain, port } = await start(
    (_request, response) => void finish.then(() => response.end('done')),
  )
  const socket = await open(port)
  socket.write(REQUEST)
  await once(server, 'request')
  const drained = drain.begin(10_000)
  expect(drain.isDraining()).toBe(true)
  expect(await refusal(port)).toBe('ECONNREFUSED')
  resolve()
  const answer = await text(socket)
  expect(answer).toMatch(/^HTTP\/1.1 200/)
  expect(answer).toContain('done')
  expect(await drained).toBe(true)
})

it('answers a request whose head was half sent', async () => {
  const { server, drain, port } = await start(greet)
  const arrived = once(server, 'connection')
  const socket = await open(port)
  socket.write(REQUEST.slice(0, 20))
  const [accepted] = (await arrived) as [Socket]
  await vi.waitFor(() => expect(accepted.bytesRead).toBe(20))
  const drained = drain.begin(10_000)
  socket.write(REQUEST.slice(20))
  const answer = await text(socket)
  expect(answer).toContain('hello')
  expect(answer.toLowerCase()).toContain('connection: close')
  expect(await drained).toBe(true)
})

it('closes connections that idle', async () => {
  const { drain, port } = await start(greet)
  const socket = await open(port)
  socket.write(REQUEST)
  await once(socket, 'data')
  const closed = once(socket, 'close')
  expect(await drain.begin(10_000)).toBe(true)
  await closed
})

it.each<[string, (port: number, server: Server) => Promise<Socket>]>([
  [
    'a request that never ends',
    async (port, server) => {
      const socket = await open(port)
      socket.write(REQUEST)
      await once(server, 'request')
      return socket
    },
  ],
  [
    'a connection that says nothing',
    async (port, server) => {
      const accepted = once(server, 'connection')
      const socket = await open(port)
      socket.write('GET')
      await accepted
      return socket
    },
  ],
])('cuts off, when the time is over, %s', async (_, hold) => {
  const { server, drain, port } = await start(() => {})
  const socket = await hold(port, server)
  const closed = once(socket, 'close')
  socket.resume()
  expect(await drain.begin(50)).toBe(false)
  await closed
})
