import type { Response } from 'express'
import { inertJson } from '../../../pki/inert-text.ts'
import type { Reply } from './route.ts'

export function send(response: Response, reply: Reply): void {
  response.status(reply.status ?? 200)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if ('json' in reply) {
    response.type('application/json').send(`${inertJson(JSON.stringify(reply.json))}\n`)
  } else {
    response.setHeader('Content-Type', reply.type)
    response.end(reply.octets)
  }
}
