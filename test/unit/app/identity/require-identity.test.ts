// Promise: a guard lets exactly those pass whom its options name, and one that cannot be right is not built.
import express, { type RequestHandler } from 'express'
import passport from 'passport'
import request from 'supertest'
import { beforeAll, describe, expect, it } from 'vitest'
import { requireIdentity } from '../../../../app/identity/require-identity.ts'
import { clientCertificateStrategy, type StrategyOptions } from '../../../../app/identity/strategy.ts'
import { encodeCertificatePem } from '../../../../pki/pem.ts'
import { makeClientCa } from '../../../support/lab.ts'
import { contract, field, GRACE, makeOwn, makeUser, SECRET } from '../lab.ts'

type Who = 'nobody' | 'refused' | 'untrusted' | 'grace' | 'admin'
const callers = {} as Record<Who, Record<string, string | string[]>>
let clientCa: string
beforeAll(async () => {
  const ca = await makeClientCa()
  clientCa = encodeCertificatePem(ca.certificate.der)
  const issued = async (subject = GRACE) =>
    contract({ verify: 'SUCCESS', clientCert: field((await makeUser(ca, { subject })).certificate) })
  callers.nobody = contract()
  callers.refused = contract({ verify: 'FAILED:certificate has expired' })
  callers.untrusted = contract({
    verify: 'FAILED:self-signed',
    clientCertUnverified: field((await makeOwn([{ type: 'O', value: 'CA admins' }])).certificate),
  })
  callers.grace = await issued()
  callers.admin = await issued([
    { type: 'O', value: 'CA admins' },
    { type: 'CN', value: 'Ada' },
  ])
})

function authenticate(options: Partial<StrategyOptions>): RequestHandler {
  const authenticator = new passport.Passport()
  authenticator.use(
    clientCertificateStrategy({ front: 'proxy', clientCa, proxySecrets: [SECRET], ...options }),
  )
  return authenticator.authenticate('client-certificate', { session: false })
}

function app(...handlers: RequestHandler[]) {
  const server = express()
  server.get('/', ...handlers, (incoming, response) => {
    response.json(incoming.user ?? null)
  })
  return server
}

const WHO: readonly Who[] = ['nobody', 'refused', 'untrusted', 'grace', 'admin']

async function statuses(...handlers: RequestHandler[]): Promise<number[]> {
  const server = app(...handlers)
  return await Promise.all(WHO.map(async who => (await request(server).get('/').set(callers[who])).status))
}

describe('requireIdentity', () => {
  it.each([
    ['trusted unless said otherwise', {}, [401, 403, 403, 200, 200]],
    ['anonymous', { level: 'anonymous' }, [200, 200, 200, 200, 200]],
    ['untrusted', { level: 'untrusted' }, [401, 403, 200, 200, 200]],
    ['trusted', { level: 'trusted' }, [401, 403, 403, 200, 200]],
    ['admin', { level: 'admin' }, [401, 403, 403, 403, 200]],
    ['an organisation', { organisation: 'Gatehouse' }, [401, 403, 403, 200, 403]],
    ['the reserved organisation', { organisation: 'CA admins' }, [401, 403, 403, 403, 200]],
    ['part of an organisation', { organisation: 'Gate' }, [401, 403, 403, 403, 403]],
  ] as const)('lets pass: %s', async (_, options, expected) => {
    expect(await statuses(authenticate({ level: 'anonymous' }), requireIdentity(options))).toEqual(expected)
  })

  it('says what is missing as problem details that nobody keeps', async () => {
    const server = app(authenticate({ level: 'anonymous' }), requireIdentity({ level: 'admin' }))
    const nobody = await request(server).get('/').set(callers.nobody)
    expect(nobody.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'www-authenticate': 'ClientCertificate',
    })
    expect(JSON.parse(nobody.text)).toMatchObject({ status: 401, code: 'CERT_MISSING' })
    const codes = await Promise.all(
      (['refused', 'untrusted', 'grace'] as const).map(
        async who => JSON.parse((await request(server).get('/').set(callers[who])).text).code,
      ),
    )
    expect(codes).toEqual(['CERT_REFUSED', 'LEVEL_TOO_LOW', 'LEVEL_TOO_LOW'])
  })

  it('hands everybody else to `otherwise`', async () => {
    const guard = requireIdentity({
      otherwise: (_request, response, _next, why) => {
        response.redirect(`/login?why=${why.code}`)
      },
    })
    const answer = await request(app(authenticate({ level: 'anonymous' }), guard))
      .get('/')
      .set(callers.nobody)
    expect(answer.headers.location).toBe('/login?why=CERT_MISSING')
  })

  it('lets nobody pass where nobody was identified, whatever another strategy has set', async () => {
    const forge: RequestHandler = (incoming, _response, next) => {
      incoming.user = { level: 'admin', organisation: 'CA admins' }
      next()
    }
    const guard = requireIdentity({ level: 'anonymous' })
    expect((await request(app(forge, guard)).get('/')).status).toBe(500)
    expect(await statuses(authenticate({ level: 'anonymous' }), forge, requireIdentity())).toEqual([
      401, 403, 403, 200, 200,
    ])
  })

  it.each([
    ['an unknown level', { level: 'root' }],
    ['an inherited name as level', { level: 'constructor' }],
    ['an empty organisation', { organisation: '' }],
    ['no organisation', { organisation: undefined }],
    ['an organisation that nobody vouches for', { level: 'untrusted', organisation: 'Gatehouse' }],
    ['a misspelt option', { organization: 'Gatehouse' }],
  ])('is not built with %s', (_, options) => {
    expect(() => requireIdentity(options as never)).toThrow(RangeError)
  })
})

describe('passport.authenticate', () => {
  it('lets trusted callers pass, and others only if the strategy was told so', async () => {
    expect(await statuses(authenticate({}))).toEqual([401, 401, 401, 200, 200])
    expect(await statuses(authenticate({ level: 'untrusted' }))).toEqual([401, 401, 200, 200, 200])
    expect(await statuses(authenticate({ level: 'anonymous' }))).toEqual([200, 200, 200, 200, 200])
  })

  it('sets request.user to the identity, and answers 401 with a challenge', async () => {
    const server = app(authenticate({}))
    const grace = await request(server).get('/').set(callers.grace)
    expect(grace.body).toMatchObject({ level: 'trusted', name: 'Grace Hopper', via: 'nginx' })
    const nobody = await request(server).get('/').set(callers.nobody)
    expect(nobody.headers['www-authenticate']).toBe('ClientCertificate')
  })

  it('ends in an error for a fault of ours: direct mode without TLS', async () => {
    const authenticator = new passport.Passport()
    authenticator.use(clientCertificateStrategy({ front: 'direct', clientCa, level: 'anonymous' }))
    const handler = authenticator.authenticate('client-certificate', { session: false })
    expect((await request(app(handler)).get('/').set(callers.admin)).status).toBe(500)
  })

  it.each([
    ['no front', { front: undefined }],
    ['another front', { front: 'auto' }],
    ['no secret', { proxySecrets: undefined }],
    ['an empty secret', { proxySecrets: [''] }],
    ['secrets in direct mode', { front: 'direct' }],
    ['no CA', { clientCa: '' }],
    ['another level', { level: 'root' }],
  ])('is not built with %s', (_, options) => {
    expect(() => authenticate(options as never)).toThrow(RangeError)
  })
})
