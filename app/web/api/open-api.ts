import { z } from 'zod'
import type { PkiErrorCode } from '../../../pki/errors.ts'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import { REASONS, type ReasonCode } from '../../identity/reasons.ts'
import { UploadForm } from './paste-schemas.ts'
import type { Answer, RouteDescription } from './route.ts'

const ProblemJson = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'What was got, what is taken, what to do next' }),
  code: z.string().meta({ description: 'Stable; for programs' }),
  requestId: z.string().nullable(),
})

/** What every route may answer besides its own errors. */
const COMMON: readonly ErrorCode[] = [
  'CERT_REQUIRED',
  'CERT_REVOKED',
  'INTERNAL',
  'RATE_LIMITED',
  'REQUEST_INVALID',
  'STORE_UNAVAILABLE',
]
const BODY: readonly ErrorCode[] = ['BODY_INVALID', 'BODY_TOO_LARGE', 'CROSS_SITE', 'MEDIA_TYPE_UNSUPPORTED']
const GUARD = (Object.keys(REASONS) as ReasonCode[]).filter(code => code !== 'ORGANISATION_WRONG')

/** OpenAPI 3.1 of the routes, made from the schemas that validate. */
export function openApi(routes: readonly RouteDescription[]) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version: '1',
      description:
        'Identity comes from the client certificate of the TLS connection. Errors are problem details (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: { schemas: { Problem: jsonSchema(ProblemJson, 'output') } },
  }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function operation(route: RouteDescription) {
  return {
    summary: route.summary,
    description: route.audience ?? `For level ${route.level} and higher.`,
    operationId: `${route.method}${route.path.replaceAll(/[^a-z]+(\w?)/gi, (_, letter) => letter.toUpperCase())}`,
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...requestBody(route),
    responses: { ...answers(route), ...problems(route) },
  }
}

/** Anything at all, or a form with it. */
const UPLOAD = {
  '*/*': { schema: { type: 'string', format: 'binary' } },
  'multipart/form-data': { schema: jsonSchema(UploadForm, 'input') },
}

function requestBody({ body, octets, isUpload }: RouteDescription) {
  if (isUpload) return { requestBody: { required: true, content: UPLOAD } }
  if (!body && octets === undefined) return {}
  const content = body
    ? { 'application/json': { schema: jsonSchema(body, 'input') } }
    : { [octets ?? '']: { schema: { type: 'string', contentMediaType: octets } } }
  return { requestBody: { required: true, content } }
}

function pathParameters({ path }: RouteDescription) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: RouteDescription) {
  if (!query) return []
  const { properties = {} } = jsonSchema(query, 'input')
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

function answers(route: RouteDescription) {
  return Object.fromEntries(Object.entries(route.answers).map(([status, each]) => [status, response(each)]))
}

function response({ description, schema, types = [] }: Answer) {
  const json = schema ? { 'application/json': { schema: jsonSchema(schema, 'output') } } : {}
  const others = Object.fromEntries(types.map(type => [type, {}]))
  return { description, content: { ...json, ...others } }
}

/** What the authority refuses of its input has no status of its own. */
function statusOf(code: ErrorCode | PkiErrorCode): number {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].status : 400
}

function inputErrors({ body, octets, query, isUpload }: RouteDescription): readonly ErrorCode[] {
  if (body || isUpload) return BODY
  if (octets !== undefined) return BODY.filter(code => code !== 'BODY_INVALID')
  return query ? ['BODY_INVALID'] : []
}

/** By status; the codes that are behind it in the description. */
function problems(route: RouteDescription) {
  const codes = [
    ...COMMON,
    ...inputErrors(route),
    ...(route.level === 'anonymous' ? [] : GUARD),
    ...route.errors,
  ]
  const byStatus = Map.groupBy(new Set(codes), statusOf)
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [status, { description: same.join(', '), content }]),
  )
}
