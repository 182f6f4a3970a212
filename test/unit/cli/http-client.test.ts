// Nothing is sent to a server that is not the one meant, and whatever goes wrong is said with what to do next.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../cli/http-client.ts'
import type { Credentials } from '../../../cli/identity-files.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClient, makeClientCa, makeServerRoot, temporaryFolder } from '../../support/lab.ts'
import { REFUSED } from '../../support/refused.ts'
import { pemOf } from '../app/lab.ts'
import { answering, makeExpiredServer, type Stub, startOpenssl, startStub } from './lab.ts'

vi.setConfig({ testTimeout: 30_000 })

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())

const OTHER_ROOT = makeServerRoot()
const clientCa = await makeClientCa()
const grace = pemOf(await makeClient(clientCa))

interface Wish {
  readonly server?: string
  readonly ca?: readonly string[]
  readonly credentials?: Credentials
  readonly timeoutMs?: number
}

async function clientOf(stub: Pick<Stub, 'url' | 'ca'>, wish: Wish = {}) {
  const ca = wish.ca ?? [readFileSync(stub.ca, 'utf8')]
  return createClient({
    server: new URL(wish.server ?? stub.url),
    ca,
    credentials: wish.credentials,
    ...(wish.timeoutMs ? { timeoutMs: wish.timeoutMs } : {}),
  })
}

/** What asking ends in; `seen` counts the requests that arrived. */
async function failure(answer: RequestListener, wish: Wish = {}, tls: TlsOptions = {}) {
  let seen = 0
  const counted: RequestListener = (request, response) => {
    seen += 1
    answer(request, response)
  }
  await using stub = await startStub(folder.path, counted, tls)
  const server = wish.server?.replace('PORT', String(stub.port))
  using client = await clientOf(stub, { ...wish, ...(server ? { server } : {}) })
  const error = await client.ask({ path: 'whoami' }).then(
    () => undefined,
    (reason: unknown) => reason as { code: string; message: string; ending: string },
  )
  return { error, seen }
}

const ok = answering({ 'GET /whoami': () => [200, { level: 'anonymous' }] })

describe('a server that is the right one', () => {
  it('is asked, with the certificate, over one connection', async () => {
    const sockets = new Set<unknown>()
    const names: unknown[] = []
    await using stub = await startStub(folder.path, (request, response) => {
      const socket = request.socket as TLSSocket
      sockets.add(socket)
      names.push(socket.getPeerCertificate().subject?.CN)
      response.setHeader('content-type', 'application/json').end('{"level":"trusted"}')
    })
    using client = await clientOf(stub, { credentials: grace })
    for (const path of ['whoami', 'whoami', 'pki']) {
      expect(await client.read(z.looseObject({ level: z.string() }), { path })).toEqual({ level: 'trusted' })
    }
    expect(names).toEqual(['Grace Hopper', 'Grace Hopper', 'Grace Hopper'])
    expect(sockets.size).toBe(1)
  })

  it('may be below a path, and below localhost of any name', async () => {
    await using stub = await startStub(
      folder.path,
      answering({ 'GET /app/whoami': () => [200, { path: true }] }),
    )
    for (const server of [`https://gatehouse.localhost:${stub.port}/app`, `${stub.url}app/`]) {
      using client = await clientOf(stub, { server })
      expect((await client.ask({ path: 'whoami' })).status).toBe(200)
    }
  })
})

describe('a server that is not', () => {
  it('gets no request when its certificate is from somebody else', async () => {
    const ca = [encodeCertificatePem((await OTHER_ROOT).certificate.der)]
    expect(await failure(ok, { ca })).toMatchObject({
      seen: 0,
      error: {
        code: 'SERVER_UNTRUSTED',
        ending: 'unavailable',
        message: expect.stringMatching(/localhost.*--ca FILE/),
      },
    })
  })

  it('gets none even when the environment says that anything goes', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const ca = [encodeCertificatePem((await OTHER_ROOT).certificate.der)]
    expect(await failure(ok, { ca })).toMatchObject({ seen: 0, error: { code: 'SERVER_UNTRUSTED' } })
    vi.unstubAllEnvs()
  })

  it('gets none under a name that its certificate is not for', async () => {
    const outcome = await failure(ok, { server: 'https://other.localhost:PORT/' })
    expect(outcome).toMatchObject({
      seen: 0,
      error: { code: 'SERVER_UNTRUSTED', message: expect.stringContaining('other names') },
    })
  })

  it('gets none when it has expired', async () => {
    const root = await OTHER_ROOT
    const outcome = await failure(
      ok,
      { ca: [encodeCertificatePem(root.certificate.der)] },
      await makeExpiredServer(root),
    )
    expect(outcome).toMatchObject({
      seen: 0,
      error: { code: 'SERVER_UNTRUSTED', message: expect.stringContaining('has expired') },
    })
  })

  it('cannot send the certificate elsewhere', async () => {
    const outcome = await failure((_, response) =>
      response.writeHead(307, { location: 'https://evil.example/' }).end(),
    )
    expect(outcome.error).toMatchObject({
      code: 'REDIRECTED',
      message: expect.stringContaining('https://evil.example/'),
    })
  })
})

describe('a server that ends the handshake because of the certificate', () => {
  it.each(['-tls1_2', '-tls1_3'])('is understood, with %s', async version => {
    const made = async (what: string) => await REFUSED[what]?.make(clientCa)
    const stranger = pemOf(await makeClient(await makeClientCa()))
    await using server = await startOpenssl(folder.path, clientCa, version)
    const cases = [
      [await made('expired'), 'CERT_EXPIRED', /your certificate has expired.*gatehouse register/],
      [await made('not yet valid'), 'CERT_REFUSED', /may not be valid yet/],
      [await made('for servers only'), 'CERT_UNSUITABLE', /not one to log in with/],
      [await made('of another name than was signed'), 'CERT_SIGNATURE_INVALID', /wrong signature/],
      [
        stranger,
        /CERT_(ISSUER_UNKNOWN|SIGNATURE_INVALID)/,
        /authority that it does not know|wrong signature/,
      ],
      [undefined, /CERT_(MISSING|REFUSED)/, /asks for a client certificate/],
    ] as const
    for (const [credentials, code, message] of cases) {
      using client = await clientOf(server, credentials ? { credentials } : {})
      await expect(client.ask({ path: '' })).rejects.toMatchObject({
        code: expect.stringMatching(code),
        ending: 'refused',
        message: expect.stringMatching(message),
      })
    }
    using client = await clientOf(server, { credentials: grace })
    expect((await client.ask({ path: '' })).status).toBe(200)
  })
})

describe('an answer', () => {
  const page = (body: string, type = 'application/json', status = 200): RequestListener => {
    return (_, response) => response.writeHead(status, { 'content-type': type }).end(body)
  }

  it.each([
    [401, 'refused'],
    [403, 'refused'],
    [404, 'notFound'],
    [409, 'conflict'],
    [500, 'failure'],
    [503, 'unavailable'],
  ])('with problem details and status %i ends as "%s"', async (status, ending) => {
    const problem = JSON.stringify({ code: 'SOME_CODE', detail: 'A sentence.', status })
    const { error } = await failure(page(problem, 'application/problem+json', status))
    expect(error).toMatchObject({ code: 'SOME_CODE', message: 'A sentence.', ending })
  })

  it.each([
    [502, 'unavailable'],
    [400, 'failure'],
  ])('of a proxy\'s own, %i, ends as "%s"', async (status, ending) => {
    const { error } = await failure(page('<html>', 'text/html', status))
    expect(error).toMatchObject({
      code: `HTTP_${status}`,
      message: expect.stringContaining(String(status)),
      ending,
    })
  })

  it('of a proxy that requires a certificate is its sentence', async () => {
    const { error } = await failure(page('A client certificate is required.\n', 'text/plain', 403))
    expect(error).toMatchObject({
      code: 'HTTP_403',
      message: 'A client certificate is required.',
      ending: 'refused',
    })
  })

  it.each([
    ['no JSON', page('<html>')],
    ['problem details that are none', page('<html>', 'application/problem+json', 400)],
    [
      'without an end',
      (_: unknown, response: Parameters<RequestListener>[1]) => {
        const more = () => {
          while (response.write(Buffer.alloc(65_536, 32)));
          response.once('drain', more)
        }
        more()
      },
    ],
  ])('that is %s is refused', async (_, answer) => {
    await using stub = await startStub(folder.path, answer)
    using client = await clientOf(stub)
    await expect(client.read(z.unknown(), { path: 'whoami' })).rejects.toMatchObject({
      code: 'ANSWER_UNEXPECTED',
    })
  })

  it('of another form names the member', async () => {
    await using stub = await startStub(folder.path, ok)
    using client = await clientOf(stub)
    const question = client.read(z.object({ level: z.int() }), { path: 'whoami' })
    await expect(question).rejects.toMatchObject({
      code: 'ANSWER_UNEXPECTED',
      message: expect.stringContaining('level'),
    })
  })

  it.each([
    ['does not come', () => {}],
    [
      'breaks off',
      (_: unknown, response: Parameters<RequestListener>[1]) => {
        response.writeHead(200, { 'content-length': '10' }).write('{')
        setImmediate(() => response.socket?.destroy())
      },
    ],
  ])('that %s is a server that is away', async (_, answer) => {
    const { error } = await failure(answer, { timeoutMs: 500 })
    expect(error).toMatchObject({ code: 'SERVER_AWAY', ending: 'unavailable' })
  })
})

describe('where no server is', () => {
  let port = 0
  beforeAll(async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as { port: number }).port
    server.close()
    await once(server, 'close')
  })

  it('says that nothing listens', async () => {
    using client = createClient({ server: new URL(`https://localhost:${port}/`), ca: [] })
    await expect(client.ask({ path: 'pki' })).rejects.toMatchObject({
      code: 'SERVER_AWAY',
      message: expect.stringMatching(/nothing listens there.*gatehouse config show/),
    })
  })

  it('says that what listens speaks no TLS', async () => {
    const plain = createServer(socket => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    }).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const { port: own } = plain.address() as { port: number }
    using client = createClient({ server: new URL(`https://localhost:${own}/`), ca: [] })
    await expect(client.ask({ path: 'pki' })).rejects.toMatchObject({
      message: expect.stringContaining('does not speak TLS'),
    })
    plain.close()
  })
})
