// Promise: who revokes a certificate sees which proxies refuse it, and cannot overlook one that does not.
import { beforeEach, expect, it } from 'vitest'
import { answering, type Home, makeHome, startStub } from './lab.ts'

const SERIAL = '1D1D2EB87D7E2B10A0F2B6242FC72DD5'
const CERTIFICATE = {
  serial: SERIAL,
  status: 'revoked',
  common_name: 'Ada Lovelace',
  organisation: null,
  email: null,
  fingerprint256: null,
  spki256: null,
  not_before: null,
  not_after: null,
  origin: null,
  requested_by: null,
  recorded_at: null,
  revoked_at: '2026-01-06T12:00:00.000Z',
  reason: 'keyCompromise',
}
const SENTENCE = `The certificate ${SERIAL} of Ada Lovelace is revoked, from 2026-01-06T12:00:00.000Z.\n`

let home: Home
beforeEach(() => {
  home = makeHome()
  return () => home[Symbol.dispose]()
})

async function revoke(proxies: unknown, ...words: readonly string[]) {
  const answer = () => [200, { ...CERTIFICATE, proxies }] as const
  await using stub = await startStub(home.path, answering({ [`POST /pki/revoke/${SERIAL}`]: answer }))
  return await home.gatehouse(['pki', 'revoke', SERIAL, '--server', stub.url, '--ca', stub.ca, ...words])
}

const NGINX = { name: 'nginx', address: '172.18.0.4', refused_after_ms: 41 }
const HAPROXY = { name: 'haproxy', address: '172.18.0.6', refused_after_ms: null }

it('with the time until each proxy refused', async () => {
  expect(await revoke([NGINX, { ...HAPROXY, refused_after_ms: 7 }])).toEqual({
    exitCode: 0,
    stdout: `${SENTENCE}PROXY    ADDRESS     REFUSES IT
nginx    172.18.0.4  after 41 ms
haproxy  172.18.0.6  after 7 ms
`,
    stderr: '',
  })
})

it('with a warning and what to do, when one has not said so', async () => {
  const { exitCode, stdout, stderr } = await revoke([NGINX, HAPROXY])
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^haproxy {2}172\.18\.0\.6 {2}not yet$/m)
  expect(stderr).toMatch(/^WARNING: haproxy at 172\.18\.0\.6 has not said .*log of that proxy.*\n$/)
  expect((await revoke([HAPROXY], '--quiet')).stdout).toContain('not yet')
})

it('as the server has said it, with --json', async () => {
  const { stdout } = await revoke([NGINX, HAPROXY], '--json')
  expect(JSON.parse(stdout)).toEqual({ ...CERTIFICATE, proxies: [NGINX, HAPROXY] })
})

it.each([[[]], [undefined]])('in one sentence when the server knows of no proxy: %j', async proxies => {
  expect(await revoke(proxies)).toEqual({ exitCode: 0, stdout: SENTENCE, stderr: '' })
})

it('without what a terminal would obey, whoever has made it up', async () => {
  const { stdout, stderr } = await revoke([{ ...HAPROXY, name: '\u001b[31mred' }])
  expect(stdout + stderr).not.toContain('\u001b')
})
