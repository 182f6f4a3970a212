// TLS 1.2 and 1.3 with Mozilla's intermediate settings, post-quantum key agreement included, and nothing weaker.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, createServer } from 'node:tls'
import { describe, expect, inject, it } from 'vitest'
import { HOST, openTls } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { run } from '../support/lab.ts'
import { negotiatedGroup } from '../support/negotiated-group.ts'
import { useStack } from '../support/stack.ts'

// The key set's server certificate is EC: suites with ECDSA are the ones to be had.
const WEAKEST = 'DEFAULT:@SECLEVEL=0'
const tls12 = (ciphers: string): ConnectionOptions => ({ maxVersion: 'TLSv1.2', ciphers })

const TAKEN = [
  { what: 'TLS 1.3', tls: { minVersion: 'TLSv1.3' }, protocol: 'TLSv1.3' },
  { what: 'TLS 1.2', tls: { maxVersion: 'TLSv1.2' }, protocol: 'TLSv1.2' },
  { what: 'AES-128-GCM', tls: tls12('ECDHE-ECDSA-AES128-GCM-SHA256'), protocol: 'TLSv1.2' },
  { what: 'AES-256-GCM', tls: tls12('ECDHE-ECDSA-AES256-GCM-SHA384'), protocol: 'TLSv1.2' },
  { what: 'ChaCha20-Poly1305', tls: tls12('ECDHE-ECDSA-CHACHA20-POLY1305'), protocol: 'TLSv1.2' },
  { what: 'X25519MLKEM768 alone', tls: { ecdhCurve: 'X25519MLKEM768' }, protocol: 'TLSv1.3' },
  { what: 'X25519 alone', tls: { ecdhCurve: 'X25519' }, protocol: 'TLSv1.3' },
  { what: 'P-256 alone', tls: { ecdhCurve: 'prime256v1' }, protocol: 'TLSv1.3' },
  { what: 'P-384 alone', tls: { ecdhCurve: 'secp384r1' }, protocol: 'TLSv1.3' },
] as const

const REFUSED = [
  { what: 'TLS 1.0', tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: WEAKEST } },
  { what: 'TLS 1.1', tls: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: WEAKEST } },
  { what: 'CBC with SHA-1', tls: tls12('ECDHE-ECDSA-AES128-SHA') },
  { what: 'CBC with SHA-256', tls: tls12('ECDHE-ECDSA-AES128-SHA256') },
  { what: 'CCM', tls: tls12('ECDHE-ECDSA-AES128-CCM:@SECLEVEL=0') },
  { what: 'P-521 alone', tls: { ecdhCurve: 'secp521r1' } },
] as const satisfies readonly { what: string; tls: ConnectionOptions }[]

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it.each(TAKEN)('takes $what', async ({ tls, protocol }) => {
    const socket = await openTls(stack(), { tls })
    expect(socket.getProtocol()).toBe(protocol)
    socket.destroy()
  })

  it.each(REFUSED)('refuses $what', async ({ tls }) => {
    await expect(openTls(stack(), { tls })).rejects.toThrow(/alert|handshake failure|ECONNRESET/)
  })

  it.each([
    ['X25519MLKEM768 as OpenSSL offers it', 'auto', 0x11ec],
    ['X25519 when there is nothing better', 'X25519:prime256v1', 0x001d],
  ])('agrees on %s', async (_, ecdhCurve, group) => {
    expect(await negotiatedGroup(stack(), { tls: { ecdhCurve } })).toBe(group)
  })

  it.each(['h2', 'http/1.1'] as const)('speaks %s', async protocol => {
    const socket = await openTls(stack(), { tls: { ALPNProtocols: [protocol, 'http/1.1'] } })
    // Express has no HTTP/2: without a proxy it is HTTP/1.1.
    expect(socket.alpnProtocol).toBe(front.name === 'direct' ? 'http/1.1' : protocol)
    socket.destroy()
  })

  it('takes no early data: a request that came with it could be played again', () => {
    const { port } = stack()
    const client = `printf 'GET / HTTP/1.1\\r\\nHost: ${HOST}\\r\\nConnection: close\\r\\n\\r\\n' |
      openssl s_client -connect 127.0.0.1:${port} -servername ${HOST} -tls1_3 -ign_eof 2>&1`
    const allowed = run('sh', '-c', client).match(/Max Early Data: \d+/g) ?? []
    expect(new Set(allowed)).toEqual(new Set(['Max Early Data: 0']))
  })
})

// Otherwise a refusal could be the client's own.
describe('a server that takes everything', () => {
  it.each(REFUSED)('is reached with $what', async ({ tls }) => {
    const keys = inject('keys')
    const pair = { cert: readFileSync(`${keys}/server.crt`), key: readFileSync(`${keys}/server.key`) }
    const server = createServer({
      ...pair,
      minVersion: 'TLSv1',
      ciphers: 'ALL:@SECLEVEL=0',
      ecdhCurve: 'auto',
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const socket = await openTls({ port }, { tls })
    expect(socket.authorized).toBe(true)
    socket.destroy()
    server.close()
  })
})
