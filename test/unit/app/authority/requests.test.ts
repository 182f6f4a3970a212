// Promise: exactly one certificate comes of a request that an administrator approved as it is, and none of any other.
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAuthority } from '../../../../app/authority/authority.ts'
import { createPost } from '../../../../app/mail/post.ts'
import { openStore } from '../../../../app/store/open-store.ts'
import { openPkcs12, opensslRequest } from '../../../support/enrol.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import {
  type ApiLab,
  type ApiLabOptions,
  apiLab,
  applicant,
  NOBODY,
  OPERATOR,
  signingRequest,
} from '../api-lab.ts'

const queueing = (options: ApiLabOptions = {}) =>
  apiLab({ ...options, context: { policy: () => 'queue', ...options.context } })

interface Waiting {
  readonly id: string
  readonly sha256: string
}

/** With a key of its own, or one that is made when it is collected. */
async function ask(lab: ApiLab, commonName: string, isOwnKey = true): Promise<Waiting> {
  const csr = isOwnKey ? (await applicant(commonName)).csr : undefined
  const answer = await lab.register({ common_name: commonName, csr, email: 'ada@example.org' })
  expect(answer.status).toBe(202)
  expect(answer.headers.location).toBe(`/pki/requests/${answer.body.id}`)
  return answer.body
}

const approve = (lab: ApiLab, { id, sha256 }: Waiting) =>
  lab.post(`/pki/requests/${id}/approve`, lab.admin.headers, { sha256 })
const reject = (lab: ApiLab, { id }: Waiting) =>
  lab.post(`/pki/requests/${id}/reject`, lab.admin.headers, { reason: 'we do not know you' })
const collect = (lab: ApiLab, { id }: Waiting) => lab.post(`/pki/requests/${id}/collect`, NOBODY)
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]

async function issuedFrom(lab: ApiLab) {
  const rows = await lab.store.certificates.list({ now: Date.now(), limit: 1000 })
  return rows.filter(({ origin }) => origin === 'request')
}

describe('an approval', () => {
  it('names what was looked at: with another SHA-256 nothing is issued', async () => {
    await using lab = await queueing()
    const one = await ask(lab, 'Ada')
    const other = await ask(lab, 'Eve')
    for (const sha256 of [other.sha256, '', '0'.repeat(64), one.sha256.slice(1)]) {
      expect(codeOf(await approve(lab, { ...one, sha256 }))).toEqual([409, 'REQUEST_CHANGED'])
    }
    expect(await issuedFrom(lab)).toEqual([])
    expect((await approve(lab, { ...one, sha256: one.sha256.toLowerCase() })).status).toBe(200)
  })

  it.each([
    ['of a key of its own', true],
    ['of a key that is to be made', false],
  ])('twice is refused the second time: %s', async (_, isOwnKey) => {
    await using lab = await queueing()
    const waiting = await ask(lab, 'Ada', isOwnKey)
    expect((await approve(lab, waiting)).status).toBe(200)
    expect(codeOf(await approve(lab, waiting))).toEqual([409, 'ALREADY_DECIDED'])
    expect(codeOf(await reject(lab, waiting))).toEqual([409, 'ALREADY_DECIDED'])
  })

  it('fifty at once, of two processes on one file, make exactly one certificate', async () => {
    using folder = temporaryFolder()
    const now = () => new Date()
    const url = `sqlite:${join(folder.path, 'store.sqlite')}`
    await using store = await openStore({ url, now })
    await using second = await openStore({ url, now })
    await using lab = await queueing({ store })
    const waiting = await ask(lab, 'Ada')
    const other = openAuthority({ ...lab.context, store: second })
    const approvals = Array.from({ length: 50 }, (_, i) =>
      (i % 2 ? other : lab.authority).approve(OPERATOR, waiting).then(
        ({ status }) => status,
        error => error.code,
      ),
    )
    const outcomes = await Promise.all(approvals)
    expect(outcomes.filter(outcome => outcome === 'issued')).toHaveLength(1)
    expect(outcomes.filter(outcome => outcome === 'ALREADY_DECIDED')).toHaveLength(49)
    expect(await issuedFrom(lab)).toMatchObject([{ commonName: 'Ada', state: 'issued' }])
    expect(await lab.events('CERT_ISSUED')).toHaveLength(3)
  })

  it.each([1, 2, 3])('and a rejection at once: one of them is decided (%i)', async () => {
    await using lab = await queueing()
    const waiting = await ask(lab, 'Ada')
    const answers = await Promise.all([approve(lab, waiting), reject(lab, waiting)])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const { status } = (await lab.get(`/pki/requests/${waiting.id}`)).body
    expect(await issuedFrom(lab)).toHaveLength(status === 'issued' ? 1 : 0)
  })

  it('is refused when somebody else has got the name meanwhile, and then it can be rejected', async () => {
    await using lab = await queueing()
    const [own, made] = [await ask(lab, 'Ada'), await ask(lab, 'ADA', false)]
    await lab.person('Ada')
    for (const waiting of [own, made]) {
      expect(codeOf(await approve(lab, waiting))).toEqual([409, 'NAME_TAKEN'])
      expect((await lab.get(`/pki/requests/${waiting.id}`)).body.status).toBe('waiting')
      expect((await reject(lab, waiting)).status).toBe(200)
    }
  })

  it('says what becomes of it, and whoever knows the identifier sees it', async () => {
    await using lab = await queueing()
    const { csr } = opensslRequest('/CN=Ada', 'ec', '-addext', 'basicConstraints=critical,CA:TRUE')
    const waiting = (await lab.register({ csr })).body
    expect(waiting).toMatchObject({ status: 'waiting', warnings: ['Not granted: CA:TRUE'], serial: null })
    const { body } = await approve(lab, waiting)
    expect(body).toMatchObject({ status: 'issued', reason: null, serial: expect.any(String) })
    expect(new X509Certificate(body.certificate)).toMatchObject({ ca: false, subject: 'CN=Ada' })
    expect((await lab.get(`/pki/requests/${waiting.id}`)).body).toEqual(body)
    const row = await lab.store.certificates.find(body.serial)
    expect(row?.requestedBy).toBe(lab.admin.certificate.serialNumber)
  })
})

describe('a key that is made when it is collected', () => {
  it('is not there before the approval, and once afterwards', async () => {
    await using lab = await queueing()
    const waiting = await ask(lab, 'Ada', false)
    expect(codeOf(await collect(lab, waiting))).toEqual([409, 'REQUEST_UNDECIDED'])
    expect((await approve(lab, waiting)).body).toMatchObject({ status: 'approved', serial: null })
    const answer = await collect(lab, waiting)
    expect(answer.status).toBe(201)
    expect(openPkcs12(answer.body).key).toContain('PRIVATE KEY')
    expect(codeOf(await collect(lab, waiting))).toEqual([409, 'ALREADY_DECIDED'])
    expect(await issuedFrom(lab)).toHaveLength(1)
  })

  it('is collected once by ten at once', async () => {
    await using lab = await queueing()
    const waiting = await ask(lab, 'Ada', false)
    await approve(lab, waiting)
    const answers = await Promise.all(Array.from({ length: 10 }, () => collect(lab, waiting)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409).map(codeOf)).toEqual(
      Array.from({ length: 9 }, () => [409, 'ALREADY_DECIDED']),
    )
    expect(await issuedFrom(lab)).toHaveLength(1)
  })

  it('is not there of a request that was rejected, or brought a key', async () => {
    await using lab = await queueing()
    const [rejected, own] = [await ask(lab, 'Ada', false), await ask(lab, 'Eve')]
    await reject(lab, rejected)
    await approve(lab, own)
    expect(codeOf(await collect(lab, rejected))).toEqual([409, 'ALREADY_DECIDED'])
    expect(codeOf(await collect(lab, own))).toEqual([409, 'ALREADY_DECIDED'])
  })
})

describe('the queue', () => {
  it('is bounded, also for twenty at once, and takes more when one is decided', async () => {
    await using lab = await queueing({ rules: { queueLimit: 3 } })
    const proofs = await Promise.all(Array.from({ length: 20 }, () => lab.proof()))
    const answers = await Promise.all(
      proofs.map((proof, i) => lab.post('/register', NOBODY, { ...proof, common_name: `Person ${i}` })),
    )
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(3)
    const full = answers.filter(({ status }) => status === 503)
    expect(full.map(codeOf)).toEqual(Array.from({ length: 17 }, () => [503, 'QUEUE_FULL']))
    expect(await lab.store.requests.countWaiting()).toBe(3)
    expect(await lab.events('REGISTER_REFUSED')).toHaveLength(17)
    const waiting = answers.find(({ status }) => status === 202)?.body
    await reject(lab, waiting)
    await ask(lab, 'Another')
  })

  it('refuses at once what could not be approved anyway', async () => {
    await using lab = await queueing()
    const { csr } = await applicant('Eve')
    expect((await lab.register({ csr })).status).toBe(202)
    const taken = await lab.register({
      csr: await signingRequest(lab.grace.privateKey, 'Eva'),
      common_name: 'Eva',
    })
    expect(codeOf(taken)).toEqual([409, 'KEY_TAKEN'])
    expect(codeOf(await lab.register({ common_name: 'grace HOPPER' }))).toEqual([409, 'NAME_TAKEN'])
  })

  it('is for administrators to see; identifiers are random and of 128 bit', async () => {
    await using lab = await queueing()
    const ids = []
    for (const name of ['Ada', 'Eve', 'Bob']) ids.push((await ask(lab, name)).id)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(ids.flatMap(id => [id.slice(0, 8), id.slice(8, 16), id.slice(24)])).size).toBe(9)
    const { body } = await lab.get('/pki/requests?limit=2', lab.admin.headers)
    expect(body.requests.map((each: Waiting) => each.id)).toEqual(ids.toReversed().slice(0, 2))
    const rest = await lab.get(`/pki/requests?after=${body.next}`, lab.admin.headers)
    expect(rest.body).toMatchObject({ requests: [{ id: ids[0] }], next: null })
    expect((await lab.get('/pki/requests', lab.grace.headers)).status).toBe(403)
  })
})

describe('a rejection', () => {
  it('has a reason, is final, and is told by mail', async () => {
    await using lab = await queueing({ context: { post: createPost({ now: () => new Date() }) } })
    const waiting = await ask(lab, 'Ada')
    const { body } = await reject(lab, waiting)
    expect(body).toMatchObject({ status: 'rejected', reason: 'we do not know you', certificate: null })
    expect(codeOf(await approve(lab, waiting))).toEqual([409, 'ALREADY_DECIDED'])
    const mails = await lab.store.outbox.claim({ now: Date.now(), claimUntil: Date.now(), limit: 10 })
    expect(mails).toMatchObject([
      { to: 'ada@example.org', text: expect.stringContaining('we do not know you') },
    ])
  })
})

it('the signed certificate is sent to the address in it', async () => {
  await using lab = await queueing({ context: { post: createPost({ now: () => new Date() }) } })
  const { body } = await approve(lab, await ask(lab, 'Ada'))
  const mails = await lab.store.outbox.claim({ now: Date.now(), claimUntil: Date.now(), limit: 10 })
  expect(mails).toMatchObject([{ to: 'ada@example.org', attachments: [{ content: body.certificate }] }])
})
