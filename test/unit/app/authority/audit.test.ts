// Promise: every decision and every refusal is in the trail, with who and what and by which request; no secret is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHAIN_START, chainHash } from '../../../../pki/hash-chain.ts'
import { type ApiLab, apiLab, applicant, NOBODY, presenting } from '../api-lab.ts'
import { SECRET } from '../lab.ts'

const published: string[] = []
const secrets: string[] = [SECRET]
let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab({
    context: {
      publish: event => void published.push(JSON.stringify(event)),
      policy: ({ channel }) => (channel === 'register' ? 'sign' : 'queue'),
    },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

const HEX64 = expect.stringMatching(/^[0-9A-F]{64}$/)
const actor = (commonName: 'Root' | 'Grace Hopper') => {
  const { serialNumber: serial, fingerprint256 } = (commonName === 'Root' ? lab.admin : lab.grace).certificate
  return { level: commonName === 'Root' ? 'admin' : 'trusted', name: commonName, serial, fingerprint256 }
}
const BY_PROXY = { requestId: 'request-1', via: 'nginx', address: '192.0.2.7', at: expect.any(Number) }
const from = { forwardedFor: '192.0.2.7' } as const
const nobody = () => ({ ...NOBODY, 'X-Forwarded-For': '192.0.2.7' })
const root = () => presenting(lab.admin.certificate, from)
const grace = () => presenting(lab.grace.certificate, from)

/** What one call adds to the trail. */
async function added(ask: () => PromiseLike<unknown>): Promise<readonly Record<string, unknown>[]> {
  const before = (await lab.events()).length
  await ask()
  const events = (await lab.events()).slice(before)
  return events.filter(({ event }) => !/^AUTH_/.test(String(event)))
}

async function registering(body: object) {
  const proof = await lab.proof()
  secrets.push(proof.challenge)
  const answer = await lab.post('/register', nobody(), { ...proof, ...body })
  if (answer.body.passphrase) secrets.push(answer.body.passphrase, answer.body.pkcs12)
  return answer
}

describe('registration', () => {
  it('issued: on record and issued, of nobody, from where', async () => {
    const events = await added(() => registering({ common_name: 'Ada', email: 'ada@example.org' }))
    const serial = expect.stringMatching(/^[0-9A-F]{32}$/)
    const about = { ...BY_PROXY, actor: null, serial, commonName: 'Ada' }
    expect(events).toMatchObject([
      { event: 'CERT_RECORDED', ...about, email: 'ada@example.org', origin: 'register' },
      { event: 'CERT_ISSUED', ...about, fingerprint256: HEX64 },
    ])
    expect(events[0]?.serial).toBe(events[1]?.serial)
  })

  it.each([
    ['NAME_TAKEN', { common_name: 'Grace Hopper' }],
    ['NAME_INVALID', { common_name: '\u001b[2J' }],
    ['EMAIL_INVALID', { common_name: 'Eve', email: 'x' }],
    ['ORGANISATION_RESERVED', { common_name: 'Eve', organisation: 'CA admins' }],
    ['CSR_MALFORMED', { common_name: 'Eve', csr: 'x' }],
    ['CHALLENGE_INVALID', { common_name: 'Eve', challenge: 'x' }],
    ['PROOF_OF_WORK_WRONG', { common_name: 'Eve', nonce: '-' }],
  ])('refused: %s', async (code, body) => {
    expect(await added(() => registering(body))).toMatchObject([
      {
        event: 'REGISTER_REFUSED',
        ...BY_PROXY,
        code,
        commonName: body.common_name,
        reason: expect.any(String),
      },
    ])
  })
})

describe('a request', () => {
  async function submitted(commonName: string) {
    const { csr } = await applicant(commonName)
    return (await lab.post('/tlsauth/certify/', nobody(), { csr }).set('Accept', 'application/json')).body
  }

  it('submitted, approved, issued', async () => {
    let waiting = { id: '', sha256: '' }
    expect(
      await added(async () => {
        waiting = await submitted('Katherine')
      }),
    ).toMatchObject([
      { event: 'REQUEST_SUBMITTED', ...BY_PROXY, actor: null, request: waiting.id, sha256: waiting.sha256 },
    ])
    const path = `/pki/requests/${waiting.id}/approve`
    const approved = await added(() => lab.post(path, root(), { sha256: waiting.sha256 }))
    const serial = approved[0]?.serial
    const about = { ...BY_PROXY, actor: actor('Root'), serial }
    expect(approved).toMatchObject([
      { event: 'CERT_RECORDED', ...about, origin: 'request' },
      { event: 'REQUEST_APPROVED', ...about, request: waiting.id, sha256: waiting.sha256 },
      { event: 'CERT_ISSUED', ...about, fingerprint256: HEX64 },
    ])
    expect(await added(() => lab.post(path, root(), { sha256: waiting.sha256 }))).toMatchObject([
      {
        event: 'APPROVE_REFUSED',
        ...BY_PROXY,
        actor: actor('Root'),
        code: 'ALREADY_DECIDED',
        request: waiting.id,
      },
    ])
  })

  it('rejected, and what is refused after it', async () => {
    const waiting = await submitted('Dorothy')
    const path = `/pki/requests/${waiting.id}`
    expect(await added(() => lab.post(`${path}/reject`, root(), { reason: 'no' }))).toMatchObject([
      { event: 'REQUEST_REJECTED', ...BY_PROXY, actor: actor('Root'), request: waiting.id, reason: 'no' },
    ])
    expect(await added(() => lab.post(`${path}/reject`, root(), { reason: 'no' }))).toMatchObject([
      { event: 'REJECT_REFUSED', code: 'ALREADY_DECIDED', request: waiting.id },
    ])
    expect(await added(() => lab.post(`${path}/collect`, nobody()))).toMatchObject([
      { event: 'COLLECT_REFUSED', ...BY_PROXY, actor: null, code: 'ALREADY_DECIDED', request: waiting.id },
    ])
  })

  it('refused at submission', async () => {
    expect(await added(() => submitted('Grace Hopper'))).toMatchObject([
      { event: 'SUBMIT_REFUSED', ...BY_PROXY, code: 'NAME_TAKEN' },
    ])
  })
})

describe('a certificate', () => {
  it('issued by an administrator, or refused', async () => {
    const issued = await added(async () => {
      const { body } = await lab.post('/pki/issue', root(), { common_name: 'Mary' })
      secrets.push(body.passphrase, body.pkcs12)
    })
    expect(issued).toMatchObject([
      { event: 'CERT_RECORDED', ...BY_PROXY, actor: actor('Root'), origin: 'issue' },
      { event: 'CERT_ISSUED', ...BY_PROXY, actor: actor('Root') },
    ])
    expect(await added(() => lab.post('/pki/issue', root(), { common_name: 'Mary' }))).toMatchObject([
      { event: 'ISSUE_REFUSED', ...BY_PROXY, actor: actor('Root'), code: 'NAME_TAKEN', commonName: 'Mary' },
    ])
  })

  it('renewed, or not', async () => {
    const events = await added(async () => {
      const { body } = await lab.post('/pki/renew', grace())
      secrets.push(body.passphrase, body.pkcs12)
    })
    const successor = events[0]?.serial
    expect(events).toMatchObject([
      { event: 'CERT_RECORDED', actor: actor('Grace Hopper'), origin: 'renew' },
      { event: 'CERT_ISSUED', serial: successor },
      { event: 'CERT_SUPERSEDED', ...BY_PROXY, serial: lab.grace.certificate.serialNumber, successor },
    ])
    expect(await added(() => lab.post('/pki/renew', grace(), { csr: 'x' }))).toMatchObject([
      { event: 'RENEW_REFUSED', ...BY_PROXY, actor: actor('Grace Hopper'), code: 'CSR_MALFORMED' },
    ])
  })

  it('revoked, or not', async () => {
    const { certificate } = await lab.person('Evelyn')
    const serial = certificate.serialNumber
    expect(await added(() => lab.post(`/pki/revoke/${serial}`, grace()))).toMatchObject([
      { event: 'REVOKE_REFUSED', ...BY_PROXY, actor: actor('Grace Hopper'), code: 'CERT_UNKNOWN', serial },
    ])
    expect(
      await added(() => lab.post(`/pki/revoke/${serial}`, root(), { reason: 'keyCompromise' })),
    ).toMatchObject([
      { event: 'CERT_REVOKED', ...BY_PROXY, actor: actor('Root'), serial, reason: 'keyCompromise' },
    ])
  })
})

it('who comes with bad proof, or to a wrong door, is in the trail too', async () => {
  await lab.get('/', { ...nobody(), 'X-Proxy-Secret': 'guess' })
  await lab.get('/pki/audit', grace())
  expect((await lab.events('AUTH_FAILURE')).at(-1)).toMatchObject({ code: 'PROXY_SECRET_WRONG', via: null })
  expect(await lab.events('AUTH_SUCCESS')).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ name: 'Grace Hopper', serial: actor('Grace Hopper').serial }),
    ]),
  )
  expect((await lab.events('ACCESS_REFUSED')).at(-1)).toMatchObject({
    ...BY_PROXY,
    name: 'Grace Hopper',
    code: 'LEVEL_TOO_LOW',
    path: '/pki/audit',
  })
})

it('the chain of all this holds, as anybody computes it who reads GET /pki/audit', async () => {
  await lab.settled()
  let { sequence, hash } = CHAIN_START
  let after: number | null = 0
  while (after !== null) {
    const { body } = (await lab.get(`/pki/audit?limit=7&after=${after}`, root())) as {
      body: {
        events: { sequence: number; record: string; previous_hash: string; hash: string }[]
        next: number | null
      }
    }
    for (const event of body.events) {
      expect(event.sequence).toBe(sequence + 1)
      expect(event.previous_hash).toBe(hash)
      expect(event.hash).toBe(chainHash(hash, event.record))
      expect(JSON.parse(event.record).sequence).toBe(event.sequence)
      ;({ sequence, hash } = event)
    }
    after = body.next
  }
  expect(sequence).toBeGreaterThan(30)
})

it('decisions are published when they are in the store, and what was undone is not', async () => {
  const events = await lab.events(/^(CERT|REQUEST)_|_REFUSED$/)
  const decided = events.filter(({ event }) => event !== 'ACCESS_REFUSED')
  expect(published).toHaveLength(decided.length)
})

it('no secret is in an event or a line of the log', async () => {
  const said = JSON.stringify(await lab.events()) + JSON.stringify(lab.lines) + published.join('')
  const known = secrets.filter(Boolean)
  expect(known.length).toBeGreaterThan(12)
  for (const secret of known) expect(said).not.toContain(secret)
  expect(said).not.toMatch(/PRIVATE KEY|passphrase|challenge":/)
})
