// Without the right proxy secret nobody is believed, whatever the headers say; it is on record, and the secret is nowhere.
import { randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { quietly } from '../../scripts/quietly.ts'
import { ask, person } from '../support/ask.ts'
import { copiedKeys } from '../support/copied-keys.ts'
import { proxies } from '../support/fronts.ts'
import { type Stack, useStack } from '../support/stack.ts'

const NOBODY = {
  level: 'anonymous',
  name: null,
  serial: null,
  fingerprint256: null,
  verify: 'NONE',
  via: null,
}
const FAILURE = { kind: 'audit', event: 'AUTH_FAILURE', level: 'anonymous', name: null, via: null }
const NEW = randomBytes(32).toString('hex')
const OLD = readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8').trim()

/** Once something has been logged at all. */
async function expectNowhere({ log, backendLog }: Stack, answer: unknown): Promise<void> {
  await log.line(line => line.includes('"status"'))
  await backendLog.line(line => line.includes('"kind":"access"'))
  const said = [...log.lines, ...backendLog.lines, JSON.stringify(answer)].join('\n')
  for (const secret of [OLD, NEW]) expect(said).not.toContain(secret)
}

describe.each(proxies)('$name', proxy => {
  describe('with a secret that the application does not know', () => {
    // Nor would the proxy get a list of what is revoked with it, and let nobody with a certificate in.
    const stack = useStack(proxy, { backendSecrets: NEW, revocation: 'none', gate: 'off' })

    it.each([undefined, 'grace', 'admin'])('believes nothing: %s', async who => {
      const answer = await ask(stack(), { path: '/whoami', ...(who && { as: person(who) }) })
      expect(JSON.parse(answer.body)).toMatchObject(NOBODY)
      const line = await stack().backendLog.line(text => text.includes('PROXY_SECRET_WRONG'))
      expect(JSON.parse(line)).toMatchObject({ ...FAILURE, code: 'PROXY_SECRET_WRONG' })
      await expectNowhere(stack(), answer)
    })
  })

  describe('while the secret is replaced', () => {
    const stack = useStack(proxy, { backendSecrets: `${OLD}\n${NEW}` })

    it('still sends the old one, which is right', async () => {
      const answer = await ask(stack(), { as: person('grace') })
      expect(answer.body).toBe('Hello Grace Hopper!\n')
      await expectNowhere(stack(), answer)
    })
  })

  describe('when the secret has been replaced', () => {
    const keys = copiedKeys()
    writeFileSync(`${keys.path}/private/proxy-secret`, `${NEW}\n${OLD}\n`)
    afterAll(() => keys[Symbol.dispose]())
    const stack = useStack(proxy, { keys: keys.path, backendSecrets: NEW })

    it('sends the first line of the file', async () => {
      const answer = await ask(stack(), { as: person('grace') })
      expect(answer.body).toBe('Hello Grace Hopper!\n')
      await expectNowhere(stack(), answer)
    })

    it('is written where nobody else can read it', async () => {
      const { stdout } = await quietly`docker exec ${stack().container} stat -c %A /tmp/environment.conf`
      expect(stdout.trim()).toBe('-rw-------')
    })
  })
})

/** Past the proxy, as somebody would who got into its network: plain HTTP to the application itself. */
async function askPast({ backendPort }: Stack, headers: readonly string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<{ headers: object; body: string }>()
  const asked = request({
    host: '127.0.0.1',
    port: backendPort,
    path: '/whoami',
    headers: ['Host', 'app', ...headers],
    agent: false,
  })
  asked.on('error', reject).on('response', async response => {
    resolve({
      headers: response.headers,
      body: (await response.setEncoding('utf8').toArray()).join(''),
    })
  })
  asked.end()
  return await promise
}

/** All that a proxy says of grace, apart from its secret. */
function saidOfGrace(): string[] {
  const { raw, serialNumber } = new X509Certificate(person('grace').cert)
  const values = {
    [HEADER.clientCert]: `:${raw.toString('base64')}:`,
    [HEADER.verify]: 'SUCCESS',
    [HEADER.subject]: 'CN=Grace Hopper,O=Gatehouse',
    [HEADER.serial]: serialNumber,
    [HEADER.via]: '1.1 nginx',
    [HEADER.requestId]: 'chosen-by-the-caller',
  }
  return Object.entries(values).flat()
}

describe.each(proxies.slice(0, 1))('past $name', proxy => {
  const stack = useStack(proxy, { backendSecrets: `${OLD}\n${NEW}` })
  const secrets = (...values: string[]) => values.flatMap(value => [HEADER.proxySecret, value])

  it.each([
    ['none', [], 'PROXY_SECRET_MISSING'],
    ['an empty one', secrets(''), 'PROXY_SECRET_WRONG'],
    ['a wrong one of the same length', secrets('0'.repeat(OLD.length)), 'PROXY_SECRET_WRONG'],
    ['one in upper case', secrets(OLD.toUpperCase()), 'PROXY_SECRET_WRONG'],
    ['the beginning of it', secrets(OLD.slice(0, -1)), 'PROXY_SECRET_WRONG'],
    ['more than it', secrets(`${OLD}0`), 'PROXY_SECRET_WRONG'],
    ['both in one', secrets(`${OLD}\t${NEW}`), 'PROXY_SECRET_WRONG'],
    ['the right one twice', secrets(OLD, OLD), 'PROXY_SECRET_WRONG'],
    ['a wrong one first', secrets('0'.repeat(64), OLD), 'PROXY_SECRET_WRONG'],
    ['one with an underscore', ['X_Proxy_Secret', OLD], 'PROXY_SECRET_MISSING'],
  ])('nothing is believed with %s', async (_, secret, code) => {
    const before = stack().backendLog.lines.length
    const answer = await askPast(stack(), [...saidOfGrace(), ...secret])
    expect(JSON.parse(answer.body)).toMatchObject(NOBODY)
    const isNew = (line: string) =>
      line.includes('AUTH_FAILURE') && stack().backendLog.lines.indexOf(line) >= before
    const failure = JSON.parse(await stack().backendLog.line(isNew))
    expect(failure).toMatchObject({ ...FAILURE, code })
    expect(failure.requestId).not.toBe('chosen-by-the-caller')
    expect(JSON.stringify([answer, stack().backendLog.lines])).not.toMatch(new RegExp(`${OLD}|${NEW}`, 'i'))
  })

  it.each([
    ['old', OLD],
    ['new', NEW],
  ])('the %s one is right', async (_, secret) => {
    const { body } = await askPast(stack(), [...saidOfGrace(), ...secrets(secret)])
    expect(JSON.parse(body)).toMatchObject({ level: 'trusted', name: 'Grace Hopper', via: 'nginx' })
  })
})
