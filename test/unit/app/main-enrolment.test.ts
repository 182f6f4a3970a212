// Promise: the process says clearly why it does not issue, and when it is killed loses no certificate that anybody received.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { verifyChain } from '../../../pki/hash-chain.ts'
import type { Authority as Signer } from '../../../pki/issue-certificate.ts'
import { writeLedger } from '../../../pki/ledger.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { sealKey } from '../../../pki/sealed-key.ts'
import { makeClientCa, makeServerRoot, temporaryFolder } from '../../support/lab.ts'
import { applicant } from './api-lab.ts'
import { makeServer, makeUser, pemOf } from './lab.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const at = (name: string) => join(folder.path, name)
let admin: { cert: string; key: string }
let ca: Signer

beforeAll(async () => {
  ca = await makeClientCa()
  const server = pemOf(await makeServer(await makeServerRoot()))
  const root = await makeUser(ca, {
    subject: [
      { type: 'O', value: 'CA admins' },
      { type: 'CN', value: 'Root' },
    ],
  })
  admin = pemOf(root)
  const files = {
    'ca.pem': encodeCertificatePem(ca.certificate.der),
    'ca.jwe': await sealKey(ca.privateKey, 'passphrase of the test'),
    passphrase: 'passphrase of the test\n',
    'server.crt': server.cert,
    'server.key': server.key,
    'ledger.pem': writeLedger([root.certificate]),
    'damaged.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  }
  for (const [name, data] of Object.entries(files)) writeFileSync(at(name), data)
  mkdirSync(at('ledger-folder'))
})

const running = new Set<ChildProcess>()
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  }
  running.clear()
})

function start(over: Readonly<Record<string, string>>): ChildProcess {
  const env = {
    PATH: process.env.PATH,
    GATEHOUSE_FRONT: 'direct',
    GATEHOUSE_PORT: '0',
    GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
    GATEHOUSE_CLIENT_CA_KEY_FILE: at('ca.jwe'),
    GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: at('passphrase'),
    GATEHOUSE_TLS_CERT_FILE: at('server.crt'),
    GATEHOUSE_TLS_KEY_FILE: at('server.key'),
    GATEHOUSE_DATABASE_URL: `sqlite:${at('store.sqlite')}`,
    ...over,
  }
  const main = join(import.meta.dirname, '../../../app/main.ts')
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  return child
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdout as never })) {
    const { kind, port } = JSON.parse(line)
    if (kind === 'listening') {
      child.stdout?.resume()
      return port
    }
  }
  throw new Error(`the process ended: ${await text(child.stderr as never)}`)
}

async function call(
  port: number,
  method: string,
  path: string,
  { body, as }: { body?: object; as?: object } = {},
) {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json', Host: 'localhost' }
  const options = { host: '127.0.0.1', port, method, path, headers, servername: 'localhost', agent: false }
  const sending = request({ ...options, rejectUnauthorized: false, ...as })
  sending.end(body && JSON.stringify(body))
  const [response] = await once(sending, 'response')
  return { status: response.statusCode as number, json: JSON.parse(await text(response)) }
}

describe('does not start, with 2, and says in one sentence why', () => {
  it.each([
    ['a wrong passphrase', { GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: at('ca.pem') }, /passphrase does not open/],
    [
      'a policy that is not there',
      { GATEHOUSE_POLICY: at('policy.ts') },
      /^GATEHOUSE_POLICY must not be .*left out, it is "sign-registrations"\.$/,
    ],
    [
      'a database of no kind',
      { GATEHOUSE_DATABASE_URL: 'mysql://root:secret@db/x' },
      /^GATEHOUSE_DATABASE_URL: .*database URL is not usable/,
    ],
    [
      'a mail server of no kind',
      { GATEHOUSE_SMTP_URL: 'http://user:secret@mail' },
      /^GATEHOUSE_SMTP_URL: .*SMTP URL is not usable/,
    ],
    [
      'a sender of no form',
      { GATEHOUSE_SMTP_URL: 'smtp://mail.example.org', GATEHOUSE_MAIL_FROM: 'nobody' },
      /^GATEHOUSE_MAIL_FROM: /,
    ],
    ['a damaged ledger', { GATEHOUSE_LEDGER_FILE: at('damaged.pem') }, /^GATEHOUSE_LEDGER_FILE: .*damaged/],
    [
      'a file where the folder of pastes should be',
      { GATEHOUSE_PASTES_DIR: at('ca.pem') },
      /^GATEHOUSE_PASTES_DIR: .*cannot be made \(EEXIST\)/,
    ],
    [
      'a folder as ledger',
      { GATEHOUSE_LEDGER_FILE: at('ledger-folder') },
      /^GATEHOUSE_LEDGER_FILE: .*cannot be used/,
    ],
  ])('%s', async (_, over, expected) => {
    const child = start(over as Record<string, string>)
    const [said, , [exitCode]] = await Promise.all([
      text(child.stderr as never),
      text(child.stdout as never),
      once(child, 'close'),
    ])
    expect(said.trimEnd().split('\n')).toEqual([expect.stringMatching(expected)])
    expect(said).not.toContain('secret')
    expect(exitCode).toBe(2)
  })
})

it('knows what the scripts have issued before anybody can ask: nobody is first where there is an administrator', async () => {
  const port = await portOf(
    start({
      GATEHOUSE_LEDGER_FILE: at('ledger.pem'),
      GATEHOUSE_DATABASE_URL: `sqlite:${at('ledger.sqlite')}`,
      GATEHOUSE_FIRST_USER_IS_ADMIN: 'true',
    }),
  )
  const { json } = await call(port, 'POST', '/tlsauth/register/', { body: { common_name: 'Eve' } })
  expect(json.organisation).toBeNull()
  const listed = await call(port, 'GET', '/pki/certs?search=root', { as: admin })
  expect(listed.json.certificates).toMatchObject([{ common_name: 'Root', origin: 'script', status: 'valid' }])
})

it('killed in a stream of issues: after a restart every certificate that any client received is valid', async () => {
  const over = { GATEHOUSE_POLICY: 'sign', GATEHOUSE_ENROLMENTS_PER_MINUTE: '100000' }
  const child = start(over)
  const port = await portOf(child)
  const received: string[] = []

  async function client(number: number): Promise<void> {
    for (let i = 0; ; i += 1) {
      const { csr } = await applicant(`Client ${number} ${i}`)
      const { status, json } = await call(port, 'POST', '/tlsauth/certify/', { body: { csr } })
      if (status !== 201) throw new Error(`refused: ${JSON.stringify(json)}`)
      received.push(json.serial)
      if (received.length === 40) child.kill('SIGKILL')
    }
  }
  const ends = await Promise.allSettled([1, 2, 3, 4].map(client))
  for (const end of ends)
    expect((end as PromiseRejectedResult).reason.code).toMatch(
      /^(ECONNRESET|ECONNREFUSED|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/,
    )
  expect(received.length).toBeGreaterThanOrEqual(40)

  const again = await portOf(start(over))
  const valid = new Set<string>()
  let after: string | null = ''
  while (after !== null) {
    const query: string = after && `&after=${after}`
    const { json } = await call(again, 'GET', `/pki/certs?status=valid&limit=7${query}`, { as: admin })
    for (const { serial } of json.certificates) valid.add(serial)
    after = json.next
  }
  expect(received.filter(serial => !valid.has(serial))).toEqual([])
  const { json } = await call(again, 'GET', '/pki/audit?limit=1000', { as: admin })
  const links = json.events.map(({ previous_hash: previousHash, ...link }: { previous_hash: string }) => ({
    ...link,
    previousHash,
  }))
  expect(verifyChain(links)).toEqual({ head: json.head })
})
