// Promise: what goes wrong is answered in the form that its circumstances allow.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import request from 'supertest'
import { expect, it } from 'vitest'
import { AppError } from '../../../../app/errors.ts'
import { listen } from '../../../../app/listen.ts'
import { createLogger } from '../../../../app/logger.ts'
import { answerClientError } from '../../../../app/web/answer-client-error.ts'
import { answerProblem } from '../../../../app/web/answer-problem.ts'
import { createNextSteps } from '../../../../app/web/next-steps.ts'

it('a 401 comes with a challenge', async () => {
  const app = express()
  app.get('/', () => {
    throw new AppError('CERT_MISSING', 'Present a certificate.')
  })
  app.use(answerProblem(createLogger('error', { write() {} }), createNextSteps(true)))
  const answer = await request(app).get('/')
  expect(answer.status).toBe(401)
  expect(answer.headers['www-authenticate']).toBe('ClientCertificate')
})

it('nonsense after a request is not answered into the middle of the answer', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': 100 })
    response.write('the first half')
  })
  server.on('clientError', answerClientError)
  const { port } = await listen(server, '127.0.0.1', 0)
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [first] = await once(socket, 'data')
  socket.write('nonsense\r\n\r\n')
  const rest = await text(socket).catch(() => '')
  server.close()
  expect(`${first}${rest}`).not.toContain('REQUEST_INVALID')
})
