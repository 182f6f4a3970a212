import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { TlsOptions } from 'node:tls'
import { runProgram } from '../../../cli/run-program.ts'
import { type Authority, issueCertificate } from '../../../pki/issue-certificate.ts'
import { generateKey } from '../../../pki/key-type.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { HOSTS, makeServerRoot, NOW, temporaryFolder } from '../../support/lab.ts'
import { makeServer, pemOf } from '../app/lab.ts'

export const MAIN = join(import.meta.dirname, '../../../cli/main.ts')

export interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Somebody's home folder, with nothing of theirs in it. */
export interface Home extends Disposable {
  readonly path: string
  readonly config: string
  readonly state: string
  /** The command as they type it, in this process. */
  gatehouse(args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** The command as they type it, in a process of its own; the home folder is its working folder. */
  spawn(args: readonly string[], options?: RunOptions): Promise<Outcome>
}

export interface RunOptions {
  readonly input?: string
  readonly now?: () => Date
}

export function makeHome(): Home {
  const folder = temporaryFolder()
  const { path } = folder
  return {
    path,
    config: join(path, '.config/gatehouse'),
    state: join(path, '.local/state/gatehouse'),
    gatehouse: (args, options) => runHere(path, args, options),
    spawn: (args, options) => runChild(path, args, options),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

async function runHere(home: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { input = '', now = () => new Date() } = options
  const [stdin, stdout, stderr] = [
    Readable.from(input === '' ? [] : [Buffer.from(input)]),
    new PassThrough(),
    new PassThrough(),
  ]
  const said = Promise.all([text(stdout), text(stderr)])
  const env = { HOME: home }
  const checkoutCa = join(home, 'no-checkout/root.pem')
  const exitCode = await runProgram({ env, stdin, stdout, stderr, checkoutCa, now }, args)
  stdout.end()
  stderr.end()
  const [onStdout, onStderr] = await said
  return { exitCode, stdout: onStdout, stderr: onStderr }
}

async function runChild(
  home: string,
  args: readonly string[],
  { input = '' }: RunOptions = {},
): Promise<Outcome> {
  const env = { PATH: process.env.PATH, HOME: home }
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: home, env, stdio: 'pipe' })
  // A command that reads nothing may have ended before this is written.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [exitCode] = await closed
  return { exitCode, stdout, stderr }
}

/** An HTTPS server that asks for a client certificate and answers what it is told to. */
export interface Stub extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  readonly url: string
  /** Its root, in a file. */
  readonly ca: string
}

const roots = makeServerRoot()

export async function startStub(
  folder: string,
  answer: RequestListener,
  options: TlsOptions = {},
): Promise<Stub> {
  const root = await roots
  const ca = join(folder, 'server-root.pem')
  writeFileSync(ca, encodeCertificatePem(root.certificate.der))
  const server = createServer(
    { ...pemOf(await makeServer(root)), requestCert: true, rejectUnauthorized: false, ...options },
    answer,
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    ca,
    url: `https://localhost:${port}/`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A server that demands a certificate of `clientCa` and, unlike Node, says in a TLS alert what is wrong with another. */
export async function startOpenssl(
  folder: string,
  clientCa: Authority,
  version: string,
): Promise<Pick<Stub, 'url' | 'ca'> & AsyncDisposable> {
  const root = await roots
  const at = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const { cert, key } = pemOf(await makeServer(root))
  const ca = at('openssl-root.pem', encodeCertificatePem(root.certificate.der))
  const own = ['-cert', at('openssl.crt', cert), '-key', at('openssl.key', key)]
  const theirs = ['-CAfile', at('openssl-ca.pem', encodeCertificatePem(clientCa.certificate.der))]
  const child = spawn(
    'openssl',
    [
      's_server',
      '-accept',
      '127.0.0.1:0',
      ...own,
      ...theirs,
      '-Verify',
      '1',
      '-verify_return_error',
      '-www',
      version,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  child.stderr.resume()
  const ended = once(child, 'close')
  return {
    ca,
    url: `https://localhost:${await acceptingPort(child.stdout)}/`,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

/** It says `ACCEPT 127.0.0.1:PORT`. */
async function acceptingPort(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const port = /^ACCEPT .*:(\d+)$/.exec(line)?.[1]
    if (port) {
      stdout.resume()
      return port
    }
  }
  throw new Error('openssl s_server ended before it accepted anything')
}

/** Answers with JSON; `answers` by method and path, and a body that is a function of the request's. */
export function answering(
  answers: Readonly<
    Record<string, (body: unknown, request: IncomingMessage) => readonly [status: number, json: unknown]>
  >,
): RequestListener {
  return async (request, response) => {
    const sent = await text(request)
    const { pathname } = new URL(request.url ?? '/', 'https://localhost')
    const [status, json] = answers[`${request.method} ${pathname}`]?.(
      sent === '' ? undefined : JSON.parse(sent),
      request,
    ) ?? [404, { code: 'NOT_FOUND', detail: `There is nothing at ${pathname}.` }]
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(json))
  }
}

/** A server that nobody has renewed. */
export async function makeExpiredServer(root: Authority): Promise<{ cert: string; key: string }> {
  const { publicKey, privateKey } = await generateKey('ec-p256')
  const subject = [{ type: 'CN', value: 'gatehouse.localhost' }]
  const now = new Date(NOW.getTime() - 10 * 86_400_000)
  const request = { profile: PROFILES.server, subject, alternativeNames: { hosts: HOSTS }, now, days: 3 }
  return pemOf({ privateKey, certificate: await issueCertificate(request, publicKey, root) })
}
