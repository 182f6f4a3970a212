// Promise: with a valid certificate one gets a successor with the same identity, and nothing else; the old one ends on time.
import { createPublicKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openAuthority } from '../../../../app/authority/authority.ts'
import { callerOf } from '../../../../app/authority/caller.ts'
import { parseCertificate } from '../../../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../../../pki/pem.ts'
import { openPkcs12 } from '../../../support/enrol.ts'
import {
  type ApiLab,
  type ApiLabOptions,
  apiLab,
  applicant,
  CA,
  OPERATOR,
  type Person,
  presenting,
  signingRequest,
} from '../api-lab.ts'
import { makeUser } from '../lab.ts'

const DAY = 86_400_000

async function labWithClock(options: ApiLabOptions = {}) {
  const clock = { time: Date.now() }
  const lab = await apiLab({ ...options, now: () => new Date(clock.time) })
  return { lab, clock, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() }
}

const renew = (lab: ApiLab, { headers }: Pick<Person, 'headers'>, body: object = {}) =>
  lab.post('/pki/renew', headers, body)
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]
const headersOf = ({ certificate }: { certificate: string }) =>
  presenting(parseCertificate(decodeCertificatePem(certificate)))

describe('refused', () => {
  it('without a certificate of ours on record', async () => {
    await using lab = await apiLab()
    const { certificate } = await makeUser(CA)
    expect(codeOf(await renew(lab, { headers: presenting(certificate) }))).toEqual([404, 'CERT_UNKNOWN'])
  })

  it.each([
    ["somebody else's", ({ admin }: ApiLab) => admin.privateKey],
    ['the CA', () => CA.privateKey],
  ])('with the key of %s', async (_, keyOf) => {
    await using lab = await apiLab()
    const csr = await signingRequest(keyOf(lab), 'Grace Hopper')
    expect(codeOf(await renew(lab, lab.grace, { csr }))).toEqual([409, 'KEY_TAKEN'])
  })

  it('with a key of its own that was revoked', async () => {
    await using lab = await apiLab()
    const first = (await renew(lab, lab.grace)).body
    const csr = await signingRequest(lab.grace.privateKey, 'Grace Hopper')
    await lab.post(`/pki/revoke/${lab.grace.certificate.serialNumber}`, headersOf(first), {
      reason: 'keyCompromise',
    })
    expect(codeOf(await lab.post('/pki/renew', headersOf(first), { csr }))).toEqual([409, 'KEY_TAKEN'])
  })

  it('with a serial number that is on record for another certificate', async () => {
    await using lab = await apiLab()
    const caller = callerFor(lab.grace)
    const identity = { ...caller.identity, fingerprint256: lab.admin.certificate.fingerprint256 }
    const renewing = lab.authority.renew({ ...caller, identity }, { pkcs12: 'compatible' })
    await expect(renewing).rejects.toMatchObject({ code: 'CERT_UNKNOWN' })
  })

  it.each(['before it is on record', 'while it is signed'])(
    'when it is revoked meanwhile, %s: there is no successor',
    async when => {
      await using lab = await apiLab()
      const { serialNumber: serial } = lab.grace.certificate
      const caller = callerFor(lab.grace)
      const revokeFirst = () => lab.authority.revoke(OPERATOR, { serial, reason: 'keyCompromise' })
      let count = 0
      const transaction: typeof lab.store.transaction = async work => {
        count += 1
        if (count === (when === 'while it is signed' ? 2 : 1)) await revokeFirst()
        return await lab.store.transaction(work)
      }
      const renewing = openAuthority({ ...lab.context, store: { ...lab.store, transaction } })
      await expect(renewing.renew(caller, { pkcs12: 'compatible' })).rejects.toMatchObject({
        code: 'CERT_REVOKED',
      })
      const rows = await lab.store.certificates.list({ now: Date.now(), search: 'grace', limit: 10 })
      expect(rows.filter(row => row.state === 'issued')).toHaveLength(1)
      expect(rows.filter(row => row.revokedAt === null)).toEqual([])
      expect(rows).toHaveLength(when === 'while it is signed' ? 2 : 1)
    },
  )
})

function callerFor({ certificate }: Person) {
  const { serialNumber: serial, fingerprint256 } = certificate
  const identity = {
    level: 'trusted',
    name: null,
    organisation: null,
    email: null,
    serial,
    fingerprint256,
  } as const
  return { ...callerOf({ identity: { ...identity, via: null } } as never), requestId: null, address: null }
}

describe('the successor', () => {
  it('has the identity of the old one, whatever a signing request says', async () => {
    await using lab = await apiLab()
    const { csr, privateKey } = await applicant(
      [
        { type: 'O', value: 'CA admins' },
        { type: 'CN', value: 'Root' },
      ],
      ['root@example.org'],
    )
    const { status, body } = await renew(lab, lab.grace, { csr })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      common_name: 'Grace Hopper',
      organisation: 'Gatehouse',
      email: null,
      origin: 'renew',
      requested_by: lab.grace.certificate.serialNumber,
    })
    const certificate = new X509Certificate(body.certificate)
    expect(certificate.subject).toBe('O=Gatehouse\nCN=Grace Hopper')
    expect(certificate.publicKey.equals(createPublicKey(privateKey))).toBe(true)
    expect((await lab.get('/whoami', headersOf(body))).body).toMatchObject({
      level: 'trusted',
      name: 'Grace Hopper',
    })
  })

  it('may have the same key, or one that is made for it', async () => {
    await using lab = await apiLab()
    const csr = await signingRequest(lab.grace.privateKey, 'Grace Hopper')
    expect((await renew(lab, lab.grace, { csr })).status).toBe(201)
    const { body } = await renew(lab, lab.grace, { pkcs12: 'modern' })
    expect(openPkcs12(body).key).toContain('PRIVATE KEY')
  })

  it('of an administrator is one of an administrator', async () => {
    await using lab = await apiLab()
    const { body } = await renew(lab, lab.admin)
    expect((await lab.get('/pki/audit', headersOf(body))).status).toBe(200)
  })

  it('sees and revokes the certificates of its predecessors', async () => {
    await using lab = await apiLab()
    const { body } = await renew(lab, lab.grace)
    const { serialNumber } = lab.grace.certificate
    expect((await lab.get('/pki/certs', headersOf(body))).body.certificates).toHaveLength(2)
    expect((await lab.post(`/pki/revoke/${serialNumber}`, headersOf(body))).status).toBe(200)
  })
})

describe('the old certificate', () => {
  it('is good until the overlap ends, and not after', async () => {
    await using it = await labWithClock({ rules: { overlapMs: 7 * DAY } })
    const { lab, clock } = it
    const { body } = await renew(lab, lab.grace)
    const end = clock.time + 7 * DAY
    expect(body.replaces).toEqual({
      serial: lab.grace.certificate.serialNumber,
      revoked_at: new Date(end).toISOString(),
    })
    clock.time = end - 1
    expect((await lab.get('/pki/certs', lab.grace.headers)).status).toBe(200)
    const shown = await lab.get(`/pki/certs/${lab.grace.certificate.serialNumber}`, lab.grace.headers)
    expect(shown.body).toMatchObject({ status: 'valid', reason: 'superseded' })
    clock.time = end
    expect(codeOf(await lab.get('/pki/certs', lab.grace.headers))).toEqual([403, 'CERT_REVOKED'])
    expect((await lab.get('/pki/certs', headersOf(body))).status).toBe(200)
  })

  it('ends at once without an overlap', async () => {
    await using lab = await apiLab({ rules: { overlapMs: 0 } })
    const { body } = await renew(lab, lab.grace)
    expect(codeOf(await renew(lab, lab.grace))).toEqual([403, 'CERT_REVOKED'])
    expect((await renew(lab, { headers: headersOf(body) })).status).toBe(201)
  })

  it('does not live longer by being renewed again', async () => {
    await using it = await labWithClock({ rules: { overlapMs: 7 * DAY } })
    const { lab, clock } = it
    const end = new Date(clock.time + 7 * DAY).toISOString()
    await renew(lab, lab.grace)
    clock.time += 3 * DAY
    const { status, body } = await renew(lab, lab.grace)
    expect(status).toBe(201)
    expect(body.replaces.revoked_at).toBe(end)
  })

  it('can be revoked during the overlap, at once', async () => {
    await using it = await labWithClock()
    const { lab, clock } = it
    const { body } = await renew(lab, lab.grace)
    clock.time += DAY
    const path = `/pki/revoke/${lab.grace.certificate.serialNumber}`
    expect((await lab.post(path, headersOf(body), { reason: 'keyCompromise' })).status).toBe(200)
    expect(codeOf(await lab.get('/whoami', lab.grace.headers).set('Accept', 'application/json'))).toEqual([
      403,
      'CERT_REVOKED',
    ])
  })
})
