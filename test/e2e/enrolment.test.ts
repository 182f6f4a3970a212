// Whoever enrols through any front gets a certificate that logs in there, and loses it at the very next request.
import { describe, expect, it } from 'vitest'
import { ask, person } from '../support/ask.ts'
import { call, openPkcs12, opensslRequest, prove } from '../support/enrol.ts'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'] as const

describe.each(fronts)('$name', front => {
  const stack = useStack(front)
  const admin = person('admin')

  it('has the certificates of the key script on record', async () => {
    const { json } = await call(stack(), '/pki/certs?search=hopper', { as: admin })
    expect(json.certificates).toMatchObject([
      { common_name: 'Grace Hopper', origin: 'script', status: 'valid' },
    ])
  })

  it('refuses nobody, and people who are no administrators, what is for administrators', async () => {
    const body = { common_name: 'Mallory' }
    expect(await call(stack(), '/pki/issue', { body })).toMatchObject({
      status: 401,
      json: { code: 'CERT_MISSING' },
    })
    const asGrace = { as: person('grace'), body }
    expect(await call(stack(), '/pki/issue', asGrace)).toMatchObject({
      status: 403,
      json: { code: 'LEVEL_TOO_LOW' },
    })
  })

  it('refuses whoever registers as an administrator, as somebody else, or without the work', async () => {
    const wish = { common_name: 'Mallory', organisation: 'CA admins' }
    const proof = await prove(stack())
    expect(await call(stack(), '/register', { body: { ...wish, ...proof } })).toMatchObject({
      status: 403,
      json: { code: 'ORGANISATION_RESERVED' },
    })
    expect(await call(stack(), '/register', { body: { common_name: 'Mallory', ...proof } })).toMatchObject({
      json: { code: 'CHALLENGE_SPENT' },
    })
    const twin = { common_name: 'GRACE  HOPPER', ...(await prove(stack())) }
    expect(await call(stack(), '/register', { body: twin })).toMatchObject({
      status: 409,
      json: { code: 'NAME_TAKEN' },
    })
    const { challenge } = await prove(stack())
    expect(
      await call(stack(), '/register', { body: { common_name: 'Mallory', challenge, nonce: '!' } }),
    ).toMatchObject({
      status: 400,
      json: { code: 'PROOF_OF_WORK_WRONG' },
    })
  })

  it('registers somebody, renews and revokes: refused at the very next request', async () => {
    const name = `Ada Lovelace of ${front.name}`
    const registered = await call(stack(), '/register', {
      body: { common_name: name, ...(await prove(stack())) },
    })
    expect(registered).toMatchObject({
      status: 201,
      json: { status: 'valid', common_name: name, organisation: null },
    })
    const ada = openPkcs12(registered.json)
    expect(await ask(stack(), { as: ada })).toMatchObject({ body: `Hello ${name}!\n` })

    const { key, csr } = opensslRequest('/O=CA admins/CN=Somebody Else')
    const renewed = await call(stack(), '/pki/renew', { as: ada, body: { csr } })
    expect(renewed).toMatchObject({ status: 201, json: { common_name: name, organisation: null } })
    const successor = { cert: String(renewed.json.certificate), key }
    expect(await ask(stack(), { as: successor })).toMatchObject({ body: `Hello ${name}!\n` })

    const path = `/pki/revoke/${renewed.json.serial}`
    expect(await call(stack(), path, { as: person('grace'), body: {} })).toMatchObject({ status: 404 })
    const revoked = await call(stack(), path, { as: admin, body: { reason: 'keyCompromise' } })
    expect(revoked).toMatchObject({ status: 200, json: { status: 'revoked', reason: 'keyCompromise' } })
    expect(await call(stack(), '/whoami', { as: successor })).toMatchObject({
      status: 403,
      json: { code: 'CERT_REVOKED' },
    })
    expect(await call(stack(), path, { as: admin, body: {} })).toMatchObject({
      status: 409,
      json: { code: 'ALREADY_REVOKED' },
    })
  })

  it.each(['ec', 'rsa'] as const)(
    'issues what an administrator approves, and that only: a request of openssl, %s',
    async kind => {
      const name = `Bob ${kind} of ${front.name}`
      const extensions = [
        '-addext',
        'basicConstraints=critical,CA:TRUE',
        '-addext',
        'subjectAltName=DNS:example.org',
      ]
      const { key, csr } = opensslRequest(`/CN=${name}`, kind, ...extensions)
      const body = new URLSearchParams({ csr }).toString()
      const queued = await ask(stack(), {
        method: 'POST',
        path: '/tlsauth/certify/',
        headers: [FORM, ['Accept', 'application/json']],
        body,
      })
      expect(queued.status).toBe(202)
      const { id, sha256, warnings } = JSON.parse(queued.body)
      expect(warnings).toHaveLength(2)
      const approve = `/pki/requests/${id}/approve`
      expect(await call(stack(), approve, { body: { sha256 } })).toMatchObject({ status: 401 })
      const other = { as: admin, body: { sha256: '0'.repeat(64) } }
      expect(await call(stack(), approve, other)).toMatchObject({
        status: 409,
        json: { code: 'REQUEST_CHANGED' },
      })

      const approved = await call(stack(), approve, { as: admin, body: { sha256 } })
      expect(approved).toMatchObject({ status: 200, json: { status: 'issued' } })
      const bob = { cert: String((await call(stack(), `/pki/requests/${id}`)).json.certificate), key }
      expect(await call(stack(), '/whoami', { as: bob })).toMatchObject({ json: { level: 'trusted', name } })
      expect(await call(stack(), approve, { as: admin, body: { sha256 } })).toMatchObject({
        json: { code: 'ALREADY_DECIDED' },
      })
    },
  )

  it('gives a form its PKCS#12 file, and the authority to everybody', async () => {
    const name = `Emmy Noether of ${front.name}`
    const body = new URLSearchParams({ common_name: name }).toString()
    const answer = await ask(stack(), { method: 'POST', path: '/tlsauth/register/', headers: [FORM], body })
    expect(answer).toMatchObject({ status: 201, headers: { 'content-type': 'application/x-pkcs12' } })
    expect(answer.headers['gatehouse-passphrase']).toMatch(/^[0-9a-z]{5}(-[0-9a-z]{5}){3}$/)
    expect(await ask(stack(), { path: '/tlsauth/cert/' })).toMatchObject({
      headers: { 'content-type': 'application/pem-certificate-chain' },
      body: expect.stringContaining('BEGIN CERTIFICATE'),
    })
  })

  it('has all of it in the audit trail', async () => {
    const { json } = await call(stack(), '/pki/audit?limit=1000', { as: admin })
    const events = (json.events as { record: string }[]).map(({ record }) => JSON.parse(record))
    for (const event of [
      'REGISTER_REFUSED',
      'CERT_ISSUED',
      'CERT_SUPERSEDED',
      'CERT_REVOKED',
      'REQUEST_APPROVED',
    ])
      expect(events).toContainEqual(expect.objectContaining({ event, via: front.name }))
    expect(events).toContainEqual(expect.objectContaining({ event: 'ACCESS_REFUSED', code: 'LEVEL_TOO_LOW' }))
  })
})
