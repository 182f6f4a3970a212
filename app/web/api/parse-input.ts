import type { Request } from 'express'
import type { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { Route } from './route.ts'

/** @throws AppError BODY_INVALID, MEDIA_TYPE_UNSUPPORTED */
export function parseBody({ body: schema }: Route, request: Request): unknown {
  if (!schema) return undefined
  return parse(schema, hasBody(request) ? jsonBody(request) : {}, 'body')
}

/** @throws AppError BODY_INVALID, about the query */
export function parseQuery({ query: schema }: Route, request: Request): unknown {
  return schema ? parse(schema, request.query, 'query') : undefined
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function jsonBody(request: Request): unknown {
  if (request.is('application/json')) return request.body
  throw new AppError(
    'MEDIA_TYPE_UNSUPPORTED',
    `The body must be JSON, with "Content-Type: application/json", not ${JSON.stringify(request.headers['content-type'] ?? 'nothing')}.`,
  )
}

export function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  what: 'body' | 'form' | 'query',
): z.infer<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || `the ${what}`}: ${message}`,
  )
  throw new AppError(
    'BODY_INVALID',
    `The ${what} is not what this address takes: ${problems.join('; ')}. See /openapi.json.`,
  )
}
