// Promise: whoever asks too often waits, by address or by certificate, and nobody waits for somebody else.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ApiLab, apiLab, type Headers, NOBODY, presenting } from '../api-lab.ts'
import { contract, field, makeOwn } from '../lab.ts'

const enrol = (lab: ApiLab, headers: Headers) => lab.post('/tlsauth/register/', headers, {})
const from = (forwardedFor: string): Headers => contract({ forwardedFor })

async function statuses(count: number, ask: () => PromiseLike<{ status: number }>): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < count; i += 1) found.push((await ask()).status)
  return found
}

describe('attempts to enrol', () => {
  it('are counted by address, which the proxy says', async () => {
    await using lab = await apiLab({ perMinute: 2 })
    expect(await statuses(3, () => enrol(lab, from('192.0.2.1')))).toEqual([400, 400, 429])
    expect(await statuses(2, () => enrol(lab, from('192.0.2.2')))).toEqual([400, 400])
  })

  it('are one count for all ways in', async () => {
    await using lab = await apiLab({ perMinute: 2 })
    const headers = from('192.0.2.1')
    await lab.post('/register', headers, {})
    await lab.post('/tlsauth/certify/', headers, {})
    for (const path of [
      '/register',
      '/tlsauth/register/',
      '/tlsauth/certify/',
      `/pki/requests/${'0'.repeat(32)}/collect`,
    ])
      expect((await lab.post(path, headers, {})).status).toBe(429)
    expect((await lab.get('/register/challenge', headers)).status).toBe(200)
  })

  it('of a whole /64 of IPv6 are one count, of the next another', async () => {
    await using lab = await apiLab({ perMinute: 2 })
    const answers = []
    for (const last of ['::1', '::2', ':f:f:f:f'])
      answers.push((await enrol(lab, from(`2001:db8:0:1${last}`))).status)
    expect(answers).toEqual([400, 400, 429])
    expect((await enrol(lab, from('2001:db8:0:2::1'))).status).toBe(400)
  })

  it('of IPv4 addresses that are written as IPv6 are a count each', async () => {
    await using lab = await apiLab({ perMinute: 1 })
    expect((await enrol(lab, from('::ffff:192.0.2.1'))).status).toBe(400)
    expect((await enrol(lab, from('::ffff:192.0.2.2'))).status).toBe(400)
    expect((await enrol(lab, from('192.0.2.1'))).status).toBe(429)
  })

  it.each([
    ['no proxy secret', { proxySecret: undefined }],
    ['a wrong one', { proxySecret: 'x' }],
  ])('with %s are those of the connection, whatever the header says', async (_, over) => {
    await using lab = await apiLab({ perMinute: 2 })
    const answers = []
    for (const last of [1, 2, 3]) {
      answers.push((await enrol(lab, contract({ ...over, forwardedFor: `192.0.2.${last}` }))).status)
    }
    expect(answers).toEqual([400, 400, 429])
  })

  it.each(['192.0.2.1, 192.0.2.9', 'unknown', ''])(
    'with the address %j are those of the connection',
    async value => {
      await using lab = await apiLab({ perMinute: 1 })
      expect((await enrol(lab, NOBODY)).status).toBe(400)
      expect((await enrol(lab, from(value))).status).toBe(429)
    },
  )

  it('are not counted by certificate: another one does not help', async () => {
    await using lab = await apiLab({ perMinute: 1 })
    expect((await enrol(lab, lab.grace.headers)).status).toBe(400)
    expect((await enrol(lab, lab.admin.headers)).status).toBe(429)
  })
})

describe('the answer', () => {
  afterEach(() => void vi.useRealTimers())

  it('says when to come back, in JSON, and that is true', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    await using lab = await apiLab({ perMinute: 1 })
    await lab.post('/register', NOBODY, {})
    const refused = await lab.post('/register', NOBODY, {})
    expect(refused.status).toBe(429)
    expect(refused.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'RATE_LIMITED', status: 429 })
    const seconds = Number(refused.headers['retry-after'])
    vi.setSystemTime(Date.now() + (seconds - 2) * 1000)
    expect((await lab.post('/register', NOBODY, {})).status).toBe(429)
    vi.setSystemTime(Date.now() + 3000)
    expect((await lab.post('/register', NOBODY, {})).status).toBe(400)
  })
})

describe('requests of any kind', () => {
  it('of nobody are counted by address', async () => {
    await using lab = await apiLab()
    const before = (await lab.get('/pki', from('192.0.2.1'))).headers.ratelimit
    const after = (await lab.get('/pki', from('192.0.2.1'))).headers.ratelimit
    const other = (await lab.get('/pki', from('192.0.2.2'))).headers.ratelimit
    expect([remaining(before), remaining(after), remaining(other)]).toEqual([599, 598, 599])
  })

  it('with certificates that everybody can make are counted by address', async () => {
    await using lab = await apiLab()
    const left = []
    for (const name of ['One', 'Two']) {
      const { certificate } = await makeOwn([{ type: 'CN', value: name }])
      const headers = contract({
        verify: 'FAILED:self-signed certificate',
        clientCertUnverified: field(certificate),
        forwardedFor: '192.0.2.1',
      })
      left.push(remaining((await lab.get('/pki', headers)).headers.ratelimit))
    }
    expect(left).toEqual([599, 598])
  })

  it('with a certificate that was issued are counted by it, wherever it comes from', async () => {
    await using lab = await apiLab()
    const { certificate } = lab.grace
    const left = []
    for (const forwardedFor of ['192.0.2.1', '192.0.2.2'])
      left.push(
        remaining((await lab.get('/pki', presenting(certificate, { forwardedFor }))).headers.ratelimit),
      )
    left.push(remaining((await lab.get('/pki', lab.admin.headers)).headers.ratelimit))
    expect(left).toEqual([1199, 1198, 59_999])
  })
})

function remaining(header: string | undefined): number {
  return Number(/r=(\d+)/.exec(header ?? '')?.[1])
}
