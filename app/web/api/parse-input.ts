import type { Request } from 'express'
import type { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { Route } from './route.ts'

// Our own choice: they name what was sent, and an answer should not be as long as that.
const MOST_OF_PROBLEMS = 500

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
  const type = JSON.stringify((request.headers['content-type'] ?? 'nothing').slice(0, 80))
  throw new AppError(
    'MEDIA_TYPE_UNSUPPORTED',
    `The body must be JSON, with "Content-Type: application/json", not ${type}.`,
  )
}

export function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  what: 'body' | 'form' | 'query',
): z.infer<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const problems = result.error.issues
    .map(({ path, message }) => `${path.join('.') || `the ${what}`}: ${message}`)
    .join('; ')
  throw new AppError(
    'BODY_INVALID',
    `The ${what} is not what this address takes: ${problems.slice(0, MOST_OF_PROBLEMS)}. See /openapi.json.`,
  )
}
