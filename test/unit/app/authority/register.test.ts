// Promise: whoever registers gets a certificate of our profile, for a name and a key that are nobody else's, or a reason why not.
import { createPublicKey, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireIdentity } from '../../../../app/identity/require-identity.ts'
import { type ParsedCertificate, parseCertificate } from '../../../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../../../pki/pem.ts'
import { openPkcs12, opensslRequest } from '../../../support/enrol.ts'
import { type ApiLab, apiLab, applicant, CA, NOBODY, presenting, signingRequest } from '../api-lab.ts'

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab({ rules: { reservedOrganisations: ['Board of Directors'] } })
})
afterAll(() => lab[Symbol.asyncDispose]())

async function outcome(body: object) {
  const answer = await lab.register(body)
  return [answer.status, answer.status === 201 ? undefined : JSON.parse(answer.text).code]
}

const issuedOf = (body: { certificate: string }): ParsedCertificate =>
  parseCertificate(decodeCertificatePem(body.certificate))

async function certificatesOf(name: string) {
  const rows = await lab.store.certificates.list({ now: Date.now(), search: name, limit: 100 })
  return rows.filter(row => row.commonName === name)
}

describe('a name that is taken', () => {
  it.each([
    ['as it is', 'Grace Hopper'],
    ['in another case', 'GRACE hopper'],
    ['with more blanks', 'Grace   Hopper'],
    ['with a no-break space', 'Grace\u00a0Hopper'],
    ['in full-width letters', 'Ｇｒａｃｅ Ｈｏｐｐｅｒ'],
    ['with a combining mark that is composed', 'Grace Hopper'.normalize('NFD')],
    ['with a digit for a letter', 'Grace H0pper'],
    ['with an invisible character', 'Grace\u200d Hopper'],
  ])('%s is refused', async (_, common_name) => {
    const [status, code] = await outcome({ common_name })
    expect([status, code]).toEqual(code === 'NAME_INVALID' ? [400, code] : [409, 'NAME_TAKEN'])
  })

  it.each([
    ['with a Cyrillic letter', 'Gr\u0430ce Hopper'],
    ['with a Greek letter', 'Grace Η\u03bfpper'],
    ['with a direction override', 'Grace \u202eHopper'],
    ['with a line feed', 'Grace\nHopper'],
    ['with an equals sign', 'CN=Grace Hopper'],
    ['that is Apache for none', '(null)'],
    ['of blanks', '   '],
    ['of nothing', ''],
    ['too long', 'x'.repeat(65)],
  ])('no name at all: %s', async (_, common_name) => {
    expect(await outcome({ common_name })).toEqual([400, 'NAME_INVALID'])
  })

  it('stays taken when its certificates are revoked: who asks for it then is somebody else', async () => {
    const { certificate, headers } = await lab.person('Mary Jackson')
    await lab.post(`/pki/revoke/${certificate.serialNumber}`, headers)
    expect(await outcome({ common_name: 'Mary Jackson' })).toEqual([409, 'NAME_TAKEN'])
  })

  it('by one of ten at once is taken for the nine', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) => outcome({ common_name: i % 2 ? 'Annie Easley' : 'ANNIE EASLEY' })),
    )
    expect(outcomes.filter(([status]) => status === 201)).toHaveLength(1)
    expect(outcomes.filter(([, code]) => code === 'NAME_TAKEN')).toHaveLength(9)
  })
})

describe('a reserved organisation', () => {
  it.each([
    'CA admins',
    'ca ADMINS',
    'CA  admins',
    'ＣＡ admins',
    'CA\u00a0admins',
    'Gatehouse',
    'board of directors',
    'Board 0f Directors',
  ])('%j is refused', async organisation => {
    expect(await outcome({ common_name: 'Eve', organisation })).toEqual([403, 'ORGANISATION_RESERVED'])
  })

  it.each(['С\u0410 admins', 'C\u0391 admins', 'CA\u200b admins', 'CA admins\u0000', ' CA admins'])(
    '%j is refused, or is no name',
    async organisation => {
      const [status] = await outcome({ common_name: 'Eve', organisation })
      expect([400, 403]).toContain(status)
    },
  )

  it('is any that a guard asks for', async () => {
    const wish = { common_name: 'Eve Auditor', organisation: 'auditors' }
    await using lab = await apiLab()
    expect((await lab.register(wish)).status).toBe(201)
    requireIdentity({ organisation: 'Auditors' })
    const answer = await lab.register({ ...wish, common_name: 'Eva Auditor' })
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'ORGANISATION_RESERVED'])
  })

  it('is refused when a signing request names it, also when the body does not', async () => {
    const subject = [
      { type: 'O', value: 'CA admins' },
      { type: 'CN', value: 'Eve' },
    ]
    const { csr } = await applicant(subject)
    expect(await outcome({ csr })).toEqual([403, 'ORGANISATION_RESERVED'])
    const answer = await lab.register({ csr, organisation: 'Harmless', common_name: 'Eve Harmless' })
    expect(answer.status).toBe(201)
    expect(answer.body.organisation).toBe('Harmless')
    expect(issuedOf(answer.body).subject).toEqual([
      { type: 'O', value: 'Harmless' },
      { type: 'CN', value: 'Eve Harmless' },
    ])
  })
})

describe('a key', () => {
  it('of the CA is refused', async () => {
    const csr = await signingRequest(CA.privateKey, 'Eve')
    expect(await outcome({ csr })).toEqual([409, 'KEY_TAKEN'])
  })

  it("of somebody else's certificate is refused, also for whoever has it", async () => {
    const csr = await signingRequest(lab.grace.privateKey, 'Eve')
    expect(await outcome({ csr })).toEqual([409, 'KEY_TAKEN'])
  })

  it('of a revoked certificate is refused, for its holder too', async () => {
    const { certificate, headers, privateKey } = await lab.person('Melba Roy')
    await lab.post(`/pki/revoke/${certificate.serialNumber}`, headers, { reason: 'keyCompromise' })
    const csr = await signingRequest(privateKey, 'Eve')
    expect(await outcome({ csr })).toEqual([409, 'KEY_TAKEN'])
    const again = await lab.post('/pki/issue', lab.admin.headers, { csr, common_name: 'Melba Roy' })
    expect([again.status, again.body.code ?? JSON.parse(again.text).code]).toEqual([409, 'KEY_TAKEN'])
  })

  it('is good for one certificate, however many ask at once', async () => {
    const { privateKey } = await applicant()
    const csrs = await Promise.all([1, 2, 3, 4, 5].map(i => signingRequest(privateKey, `Five Keys ${i}`)))
    const outcomes = await Promise.all(csrs.map(csr => outcome({ csr })))
    expect(outcomes.filter(([status]) => status === 201)).toHaveLength(1)
    expect(outcomes.filter(([, code]) => code === 'KEY_TAKEN')).toHaveLength(4)
  })

  it('that is weak, unproved or of another kind is refused', async () => {
    const weak = opensslRequest('/CN=Eve', 'rsa', '-newkey', 'rsa:1024').csr
    const curve = opensslRequest('/CN=Eve', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1').csr
    const { csr } = await applicant('Eve')
    expect(await outcome({ csr: weak })).toEqual([400, 'KEY_WEAK'])
    expect(await outcome({ csr: curve })).toEqual([400, 'KEY_WEAK'])
    expect(await outcome({ csr: withAnotherSignature(csr) })).toEqual([400, 'CSR_PROOF_INVALID'])
  })
})

function withAnotherSignature(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-.*-|\s/g, ''), 'base64')
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
}

describe('a signing request', () => {
  it('with two common names names nobody', async () => {
    const csr = (
      await applicant([
        { type: 'CN', value: 'Eve' },
        { type: 'CN', value: 'Grace Hopper' },
      ])
    ).csr
    expect(await outcome({ csr })).toEqual([400, 'NAME_INVALID'])
  })

  it('gets of our profile what it asks for, and nothing else', async () => {
    const wishes = [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
      'extendedKeyUsage=serverAuth,codeSigning',
      'subjectAltName=DNS:gatehouse.localhost,email:root@gatehouse.localhost,email:eve@example.org,IP:127.0.0.1',
    ]
    const { csr } = opensslRequest(
      '/O=Somewhere/OU=Unit/CN=Dorothy Vaughan/emailAddress=dorothy@example.org',
      'rsa',
      ...wishes.flatMap(wish => ['-addext', wish]),
    )
    const answer = await lab.register({ csr, email: 'dorothy@example.org' })
    expect(answer.status).toBe(201)
    expect(answer.body.pkcs12).toBeUndefined()
    expect(answer.body.passphrase).toBeUndefined()
    const certificate = issuedOf(answer.body)
    expect(certificate).toMatchObject({
      subject: [
        { type: 'O', value: 'Somewhere' },
        { type: 'CN', value: 'Dorothy Vaughan' },
      ],
      emails: ['dorothy@example.org'],
    })
    const shown = new X509Certificate(certificate.der)
    expect(shown.ca).toBe(false)
    expect(shown.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(shown.subjectAltName).toBe('email:dorothy@example.org')
    expect(shown.checkIssued(new X509Certificate(CA.certificate.der))).toBe(true)
    expect(shown.verify(new X509Certificate(CA.certificate.der).publicKey)).toBe(true)
  })

  it('is a wish only: what the body says counts, and an empty e-mail address is none', async () => {
    const { csr, privateKey } = await applicant(
      [
        { type: 'O', value: 'Somewhere' },
        { type: 'CN', value: 'Grace Hopper' },
      ],
      ['grace@example.org'],
    )
    const answer = await lab.register({
      csr,
      common_name: 'Radia Perlman',
      organisation: 'Elsewhere',
      email: '',
    })
    expect(answer.body).toMatchObject({
      common_name: 'Radia Perlman',
      organisation: 'Elsewhere',
      email: null,
    })
    const shown = new X509Certificate(issuedOf(answer.body).der)
    expect(shown.subjectAltName).toBeUndefined()
    expect(shown.publicKey.equals(createPublicKey(privateKey))).toBe(true)
  })
})

describe('whoever has no key', () => {
  it('gets one with its certificate, as PKCS#12, whose passphrase is nowhere else', async () => {
    const answer = await lab.register({ common_name: 'Evelyn Boyd', email: 'evelyn@example.org' })
    expect(answer.status).toBe(201)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers.location).toBe(`/pki/certs/${answer.body.serial}`)
    const { cert, key } = openPkcs12(answer.body)
    expect(new X509Certificate(cert).publicKey.equals(createPublicKey(key))).toBe(true)
    expect(new X509Certificate(cert).raw.equals(issuedOf(answer.body).der)).toBe(true)
    expect(answer.body.passphrase.length).toBeGreaterThanOrEqual(20)
    const whoami = await lab.get('/whoami', presenting(issuedOf(answer.body)))
    expect(whoami.body).toMatchObject({ level: 'trusted', name: 'Evelyn Boyd', email: 'evelyn@example.org' })
  })

  it('gets the file alone when that is what is accepted', async () => {
    const answer = await lab
      .post('/register', NOBODY, { ...(await lab.proof()), common_name: 'Valerie Thomas' })
      .set('Accept', 'application/x-pkcs12')
      .responseType('blob')
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toBe('application/x-pkcs12')
    expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="[0-9A-F]{32}\.p12"$/)
    const { cert } = openPkcs12({
      pkcs12: answer.body.toString('base64'),
      passphrase: answer.headers['gatehouse-passphrase'],
    })
    expect(cert).toContain('Valerie Thomas')
  })
})

describe('the proof of work', () => {
  it('is wanted', async () => {
    const { csr } = await applicant('Eve')
    const answer = await lab.post('/register', NOBODY, { challenge: 'a.b.c', nonce: '0', csr })
    expect([answer.status, answer.body.code ?? JSON.parse(answer.text).code]).toEqual([
      400,
      'CHALLENGE_INVALID',
    ])
  })

  it('twice at once is worth exactly one certificate', async () => {
    const proof = await lab.proof()
    const names = ['Spent One', 'Spent Two', 'Spent Three', 'Spent Four']
    const answers = await Promise.all(
      names.map(common_name => lab.post('/register', NOBODY, { ...proof, common_name })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3)
    const rows = await lab.store.certificates.list({ now: Date.now(), search: 'spent', limit: 10 })
    expect(rows).toHaveLength(1)
  })

  it('is spent by what is refused after it', async () => {
    const proof = await lab.proof()
    await lab.post('/register', NOBODY, { ...proof, common_name: 'Grace Hopper' })
    const answer = await lab.post('/register', NOBODY, { ...proof, common_name: 'Eve Second' })
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([409, 'CHALLENGE_SPENT'])
    expect(await certificatesOf('Eve Second')).toEqual([])
  })
})

it('nobody of all who were refused has a certificate', async () => {
  expect(await certificatesOf('Eve')).toEqual([])
  const grace = await certificatesOf('Grace Hopper')
  expect(grace.map(row => row.serial)).toEqual([lab.grace.certificate.serialNumber])
})
