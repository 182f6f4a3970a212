// Promise: the description is OpenAPI 3.1, has every route, and what routes answer is what it says, no more and no less.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ERRORS } from '../../../../../app/errors.ts'
import { type ApiLab, apiLab, applicant, NOBODY } from '../../api-lab.ts'

type Json = Readonly<Record<string, unknown>>
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly { name: string; in: string; required?: boolean; schema: Json }[]
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Json }> }
  readonly responses: Record<string, { description: string; content: Record<string, { schema?: Json }> }>
}

let lab: ApiLab
let description: {
  openapi: string
  info: Json
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Json }
}
let operations: readonly (readonly [call: string, operation: Operation])[]
beforeAll(async () => {
  lab = await apiLab({ context: { policy: ({ isOwnKey }) => (isOwnKey ? 'queue' : 'sign') } })
  description = (await lab.get('/openapi.json')).body
  operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())

/** The routes as the issue lists them. */
const ROUTES = [
  'get /pki',
  'post /pki/ca',
  'get /pki/ca.crt',
  'post /pki/issue',
  'get /pki/certs',
  'get /pki/certs/{serial}',
  'post /pki/revoke/{serial}',
  'post /pki/renew',
  'get /pki/requests',
  'get /pki/requests/{id}',
  'post /pki/requests/{id}/approve',
  'post /pki/requests/{id}/reject',
  'post /pki/requests/{id}/collect',
  'get /register/challenge',
  'post /register',
  'get /pki/audit',
  'get /pki/crl',
  'get /pki/revoked',
  'post /pki/ocsp',
  'get /pki/ocsp/{request}',
  'post /pki/unhold/{serial}',
  'post /pastes',
  'get /pastes',
  'get /pastes/{id}',
  'get /pastes/{id}/raw',
  'delete /pastes/{id}',
  'post /pastes/{id}/delete',
]

it('has every route, and no other', () => {
  expect(operations.map(([call]) => call).toSorted()).toEqual(ROUTES.toSorted())
})

it('is of the form of OpenAPI 3.1', () => {
  expect(description.openapi).toMatch(/^3\.1\.\d+$/)
  expect(description.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
  const identifiers = operations.map(([, { operationId }]) => operationId)
  expect(new Set(identifiers).size).toBe(identifiers.length)
  for (const [call, { parameters, responses, summary, requestBody }] of operations) {
    const inPath = [...call.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    expect(parameters.filter(each => each.in === 'path').map(({ name }) => name)).toEqual(inPath)
    expect(parameters.every(each => each.in !== 'path' || each.required)).toBe(true)
    for (const { schema } of parameters) assertSchema(schema)
    expect(summary).toEqual(expect.any(String))
    for (const { schema } of Object.values(requestBody?.content ?? {})) assertSchema(schema)
    expect(Object.keys(responses).length).toBeGreaterThan(0)
    for (const [status, { description: said, content }] of Object.entries(responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/)
      expect(said).not.toBe('')
      for (const { schema } of Object.values(content)) if (schema) assertSchema(schema)
    }
  }
})

it('names codes under the status that they have', () => {
  for (const [, { responses }] of operations) {
    for (const [status, { description: said, content }] of Object.entries(responses)) {
      if (Number(status) < 400) continue
      expect(Object.keys(content)).toEqual(['application/problem+json'])
      for (const code of said.split(', ')) {
        expect(code).toMatch(/^[A-Z_]+$/)
        if (Object.hasOwn(ERRORS, code))
          expect(String(ERRORS[code as keyof typeof ERRORS].status)).toBe(status)
        else expect(status).toBe('400')
      }
    }
  }
})

const KINDS = new Set(['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'])

/** Of JSON Schema 2020-12, what these schemas are made of. */
function assertSchema(schema: Json): void {
  if (typeof schema.$ref === 'string') {
    expect(description.components.schemas).toHaveProperty(schema.$ref.replace('#/components/schemas/', ''))
    return
  }
  expect(schema).not.toHaveProperty('$schema')
  expect(schema).not.toHaveProperty('nullable')
  if (Array.isArray(schema.anyOf)) {
    schema.anyOf.forEach(assertSchema)
    return
  }
  if ('const' in schema && !('type' in schema)) return
  for (const kind of [schema.type].flat()) expect(KINDS).toContain(kind)
  if (schema.type === 'array') assertSchema(schema.items as Json)
  const properties = (schema.properties ?? {}) as Record<string, Json>
  Object.values(properties).forEach(assertSchema)
  for (const name of (schema.required ?? []) as string[]) expect(Object.keys(properties)).toContain(name)
}

/** What is wrong with a value, or nothing. */
function problemsOf(schema: Json, value: unknown, path = '$'): readonly string[] {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.replace('#/components/schemas/', '')
    return problemsOf(description.components.schemas[name] as Json, value, path)
  }
  if (Array.isArray(schema.anyOf)) {
    const found = schema.anyOf.map(each => problemsOf(each, value, path))
    return found.some(({ length }) => length === 0) ? [] : found.flat()
  }
  if ('const' in schema) return value === schema.const ? [] : [`${path} is not ${schema.const}`]
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return [`${path} is none of ${schema.enum}`]
  if (![schema.type].flat().includes(kindOf(value)))
    return [`${path} is ${kindOf(value)}, not ${schema.type}`]
  if (typeof schema.pattern === 'string' && value !== null && !new RegExp(schema.pattern).test(String(value)))
    return [`${path} is not of its pattern`]
  if (Array.isArray(value))
    return value.flatMap((each, i) => problemsOf(schema.items as Json, each, `${path}[${i}]`))
  return schema.type === 'object' ? problemsOfObject(schema, value as Json, path) : []
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function problemsOfObject(schema: Json, value: Json, path: string): readonly string[] {
  const properties = (schema.properties ?? {}) as Record<string, Json>
  const missing = ((schema.required ?? []) as string[]).filter(name => !Object.hasOwn(value, name))
  return [
    ...missing.map(name => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, each]) => {
      const known = properties[name]
      return known ? problemsOf(known, each, `${path}.${name}`) : [`${path}.${name} is not described`]
    }),
  ]
}

describe('an answer', () => {
  async function conforms(
    call: string,
    answer: PromiseLike<{ status: number; text: string }>,
    expected: number,
  ) {
    const { status, text } = await answer
    expect([call, status]).toEqual([call, expected])
    const operation = operations.find(([name]) => name === call)?.[1]
    const content = operation?.responses[status]?.content
    const schema = content?.['application/json']?.schema ?? content?.['application/problem+json']?.schema
    expect(problemsOf(schema ?? { type: 'undescribed' }, JSON.parse(text))).toEqual([])
    return JSON.parse(text)
  }

  it('of each route is as it is described, good or bad', async () => {
    const { admin, grace } = lab
    const { csr } = await applicant('Ada')
    await conforms('get /pki', lab.get('/pki'), 200)
    await conforms('post /pki/ca', lab.post('/pki/ca', admin.headers), 409)
    await conforms('get /register/challenge', lab.get('/register/challenge'), 200)
    await conforms('post /register', lab.register({ common_name: 'Eve', email: 'eve@example.org' }), 201)
    const waiting = await conforms('post /register', lab.register({ csr }), 202)
    await conforms('post /register', lab.register({ csr: 'x' }), 400)
    await conforms('post /register', lab.post('/register', NOBODY, {}), 400)
    await conforms('get /pki/requests', lab.get('/pki/requests', admin.headers), 200)
    const path = `/pki/requests/${waiting.id}`
    await conforms('get /pki/requests/{id}', lab.get(path), 200)
    await conforms('post /pki/requests/{id}/collect', lab.post(`${path}/collect`, NOBODY), 409)
    const wrong = lab.post(`${path}/approve`, admin.headers, { sha256: 'x' })
    await conforms('post /pki/requests/{id}/approve', wrong, 409)
    const approval = lab.post(`${path}/approve`, admin.headers, { sha256: waiting.sha256 })
    await conforms('post /pki/requests/{id}/approve', approval, 200)
    await conforms('get /pki/requests', lab.get('/pki/requests?status=issued', admin.headers), 200)
    const rejection = lab.post(`${path}/reject`, admin.headers, { reason: 'no' })
    await conforms('post /pki/requests/{id}/reject', rejection, 409)
    await conforms('post /pki/issue', lab.post('/pki/issue', admin.headers, { common_name: 'Bob' }), 201)
    await conforms('post /pki/issue', lab.post('/pki/issue', grace.headers, {}), 403)
    await conforms('get /pki/certs', lab.get('/pki/certs', admin.headers), 200)
    await conforms('get /pki/certs', lab.get('/pki/certs', NOBODY), 401)
    const serial = grace.certificate.serialNumber
    await conforms('get /pki/certs/{serial}', lab.get(`/pki/certs/${serial}`, grace.headers), 200)
    await conforms('get /pki/certs/{serial}', lab.get('/pki/certs/0', grace.headers), 404)
    await conforms('post /pki/renew', lab.post('/pki/renew', grace.headers), 201)
    await conforms('post /pki/revoke/{serial}', lab.post(`/pki/revoke/${serial}`, grace.headers), 200)
    await conforms('post /pki/revoke/{serial}', lab.post(`/pki/revoke/${serial}`, admin.headers), 409)
    await conforms('get /pki/certs', lab.get('/pki/certs', grace.headers), 403)
    const paste = await conforms('post /pastes', lab.paste(admin.headers, 'x', '?burn'), 201)
    await conforms('post /pastes', lab.paste(admin.headers, ''), 400)
    await conforms('get /pastes', lab.get('/pastes?limit=1', admin.headers), 200)
    await conforms('get /pastes', lab.get('/pastes', NOBODY), 401)
    const place = `/pastes/${paste.id}`
    await conforms('get /pastes/{id}', lab.get(place), 200)
    await conforms('post /pastes/{id}/delete', lab.post(`${place}/delete`, NOBODY), 401)
    await conforms('delete /pastes/{id}', lab.send('delete', place, admin.headers), 200)
    await conforms('get /pastes/{id}/raw', lab.get(`${place}/raw`), 404)
    await conforms('post /pastes/{id}/delete', lab.post(`${place}/delete`, admin.headers), 404)
    await conforms('get /pki/audit', lab.get('/pki/audit', admin.headers), 200)
    await conforms('get /pki/audit', lab.get('/pki/audit?after=x', admin.headers), 400)
  })

  it('that is not as described would be found', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    expect(problemsOf(schema, { a: 'x' })).toEqual([])
    expect(problemsOf(schema, { a: 1 })).toHaveLength(1)
    expect(problemsOf(schema, {})).toHaveLength(1)
    expect(problemsOf(schema, { a: 'x', b: 1 })).toHaveLength(1)
  })
})
