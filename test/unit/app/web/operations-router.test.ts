// Promise: in direct mode the figures of the process are for its own machine.
import express from 'express'
import request from 'supertest'
import { expect, it } from 'vitest'
import type { Front } from '../../../../app/config-settings.ts'
import { createMetrics } from '../../../../app/metrics.ts'
import { operationsRouter } from '../../../../app/web/operations-router.ts'

async function status(front: Front, remoteAddress: string): Promise<number> {
  const app = express()
  app.use((incoming, _response, next) => {
    Object.defineProperty(incoming.socket, 'remoteAddress', { value: remoteAddress })
    next()
  })
  app.use(operationsRouter({ front, metrics: createMetrics(), isReady: () => true }))
  app.use(((_error, _request, response, _next) => response.sendStatus(404)) as express.ErrorRequestHandler)
  return (await request(app).get('/metrics')).status
}

it.each([
  ['direct', '127.0.0.1', 200],
  ['direct', '127.8.9.10', 200],
  ['direct', '::1', 200],
  ['direct', '::ffff:127.0.0.1', 200],
  ['direct', '192.0.2.7', 404],
  ['direct', '2001:db8::1', 404],
  ['direct', '1270.0.1', 404],
  ['proxy', '192.0.2.7', 200],
] as const)('%s, asked from %s: %i', async (front, address, expected) => {
  expect(await status(front, address)).toBe(expected)
})
