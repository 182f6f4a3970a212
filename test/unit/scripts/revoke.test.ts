// Promise: whoever revokes with make sees each front refuse the certificate, or is told which does not.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { frontsOf } from '../../../scripts/fronts.ts'
import { temporaryFolder } from '../../support/lab.ts'
import { startStub } from '../cli/lab.ts'
import { type RealServer, startRealServer } from '../cli/real-server.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const execute = promisify(execFile)
const REPOSITORY = join(import.meta.dirname, '../../..')
const CLOSED = 'https://localhost:1/'

let server: RealServer
beforeAll(async () => {
  server = await startRealServer(keys => ({ GATEHOUSE_LEDGER_FILE: join(keys, 'issued.pem') }))
})
afterAll(() => server[Symbol.asyncDispose]())

async function revoke(words: readonly string[], urls = server.url, keys = server.keys) {
  const env = { PATH: process.env.PATH, GATEHOUSE_URL: urls, USER: 'grace' }
  const args = ['scripts/revoke.ts', '--keys', keys, ...words]
  const { stdout, stderr, code } = await execute(process.execPath, args, { cwd: REPOSITORY, env }).then(
    said => ({ ...said, code: 0 }),
    error => error,
  )
  return { exitCode: code, shown: stdout as string, said: stderr as string }
}

/** Something that answers with the server certificate of the key set. */
async function startFront(answer: RequestListener) {
  const read = (name: string) => readFileSync(join(server.keys, name), 'utf8')
  const tls = { cert: read('server.crt'), key: read('server.key'), ca: read('client-ca.pem') }
  const front = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  const { port } = front.address() as AddressInfo
  return {
    port,
    url: `https://gatehouse.localhost:${port}/`,
    async [Symbol.asyncDispose]() {
      front.close()
      front.closeAllConnections()
    },
  }
}

const portOf = (url: string) => new URL(url).port

describe('a user', () => {
  it('is refused from then on, and was revoked before the next time', async () => {
    const first = await revoke(['Grace Hopper', '--reason', 'key_compromise'], `${server.url} ${CLOSED}`)
    expect(first).toMatchObject({ exitCode: 0, said: '' })
    expect(first.shown).toMatch(
      /^The certificate of Grace Hopper \(.*grace\.crt, [0-9A-F]{32}\) is revoked\.$/m,
    )
    expect(first.shown).toMatch(new RegExp(`^localhost ${portOf(server.url)} refused after \\d+ ms$`, 'm'))
    expect(first.shown).toMatch(/^localhost 1 does not run$/m)
    const again = await revoke(['grace', '--json'])
    expect(again.exitCode).toBe(0)
    expect(JSON.parse(again.shown)).toEqual({
      name: 'Grace Hopper',
      file: join(server.keys, 'grace.crt'),
      serial: expect.stringMatching(/^[0-9A-F]{32}$/),
      isNew: false,
      fronts: [
        {
          name: 'localhost',
          port: Number(portOf(server.url)),
          url: server.url,
          state: 'refused before',
          refusedAfterMs: null,
        },
      ],
    })
  })

  it('that a front goes on letting in is told of, with 1', async () => {
    await using open = await startFront((_request, response) => void response.end('{}'))
    const { exitCode, shown, said } = await revoke(['admin'], `${open.url} ${server.url}`)
    expect(shown).toMatch(
      new RegExp(`^gatehouse.localhost ${open.port} STILL DOES NOT REFUSE IT: status 200$`, 'm'),
    )
    expect(shown).toMatch(/^localhost \d+ refused after \d+ ms$/m)
    expect(said).toMatch(new RegExp(`not refused at gatehouse.localhost ${open.port}\\. Look at`))
    expect(exitCode).toBe(1)
  })
})

describe('nothing is revoked, and why is said, when', () => {
  it.each([
    ['nobody is named, whoever is logged in', [], 2, /One user is needed.*make revoke USER="Grace Hopper"/],
    ['an empty name is', [''], 2, /0 were given/],
    [
      'there is no such user',
      ['Eve'],
      2,
      /no user "Eve" .*There are: admin \(Administrator\), .*grace \(Grace Hopper\)/,
    ],
    ['the reason is none', ['admin', '--reason', 'x'], 2, /reason/],
  ] as const)('%s', async (_, words, code, expected) => {
    const { exitCode, shown, said } = await revoke(words)
    expect([exitCode, shown]).toEqual([code, ''])
    expect(said).toMatch(expected)
  })

  it('nothing runs', async () => {
    const { exitCode, said } = await revoke(['admin'], CLOSED)
    expect(exitCode).toBe(1)
    expect(said).toMatch(/answers nowhere: not at localhost 1\. Start it \(make start, or make up\)/)
  })

  it('something else is there', async () => {
    using folder = temporaryFolder()
    await using stub = await startStub(folder.path, (_request, response) => void response.end('{}'))
    const { exitCode, said } = await revoke(['admin'], stub.url)
    expect(exitCode).toBe(1)
    expect(said).toMatch(/answers nowhere: not at localhost \d+ \(.*certificate/)
  })

  it('the server says no', async () => {
    const refuse: RequestListener = (request, response) => {
      response.writeHead(request.method === 'POST' ? 403 : 200)
      response.end(JSON.stringify({ code: 'LEVEL_TOO_LOW', detail: 'For administrators.' }))
    }
    await using front = await startFront(refuse)
    const { exitCode, said } = await revoke(['admin'], front.url)
    expect([exitCode, said]).toEqual([1, 'It was not revoked. For administrators.\n'])
  })

  it('there is no administrator, or there are no keys', async () => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    cpSync(server.keys, keys, { recursive: true })
    for (const ending of ['crt', 'key', 'p12', 'passphrase']) rmSync(join(keys, `admin.${ending}`))
    const { exitCode, said } = await revoke(['grace'], server.url, keys)
    expect([exitCode, said]).toEqual([1, expect.stringMatching(/no .*admin\.crt.*add-user/)])
    const empty = join(folder.path, 'none')
    mkdirSync(empty)
    expect((await revoke(['grace'], server.url, empty)).said).toMatch(/no keys in .*make generate-keys/)
  })
})

it('make hands on whom it is told, and not who is logged in', async () => {
  const plan = async (...words: string[]) => {
    const env = { PATH: process.env.PATH, USER: 'grace' }
    return (await execute('make', ['--dry-run', 'revoke', ...words], { cwd: REPOSITORY, env })).stdout
  }
  expect(await plan()).toMatch(/npm run -s revoke -- *$/m)
  expect(await plan('USER=Grace Hopper')).toMatch(/npm run -s revoke -- "\$USER"$/m)
})

it('the fronts are those of make start and make up, or those that are named', () => {
  expect(frontsOf(undefined).map(({ url }) => url.href)).toEqual(
    [8440, 8441, 8442, 8443].map(port => `https://gatehouse.localhost:${port}/`),
  )
  expect(frontsOf(' https://a.example/app/  https://b.example:444/ ')).toEqual([
    { name: 'a.example', port: 443, url: new URL('https://a.example/app/') },
    { name: 'b.example', port: 444, url: new URL('https://b.example:444/') },
  ])
  expect(() => frontsOf('http://a.example/')).toThrow('GATEHOUSE_URL must not be "http://a.example/"')
})
