// The certificate reaches the back end byte for byte, on every proxy, and nothing in it breaks a header.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from '../../pki/issue-certificate.ts'
import { KEY_TYPES } from '../../pki/key-type.ts'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { type ClientKeys, type Echo, person, received } from '../support/ask.ts'
import { askWithAny, clientCa, forge, named, serialOf } from '../support/forge.ts'
import { proxies } from '../support/fronts.ts'
import { makeClient, makeSelfSigned } from '../support/lab.ts'
import { type Stack, useStack } from '../support/stack.ts'
import { makeOwn, pemOf } from '../unit/app/lab.ts'

let ca: Authority
beforeAll(async () => {
  ca = await clientCa()
})

async function echo(stack: Stack, as: ClientKeys): Promise<Echo> {
  const { status, body } = await askWithAny(stack, as, '/')
  expect(status).toBe(200)
  return JSON.parse(body)
}

/** RFC 9440 section 2.1 */
function byteSequence({ cert }: ClientKeys): string {
  return `:${new X509Certificate(cert).raw.toString('base64')}:`
}

const SUBJECTS = {
  'Grace Hopper': 'Grace Hopper',
  'UTF-8': 'Zoë 漢字 🦆',
  long: 'x'.repeat(1500),
} as const

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'echo' })

  it.each(KEY_TYPES)('hands over a validated certificate with %s', async keyType => {
    const as = pemOf(await makeClient(ca, { keyType }))
    const got = await echo(stack(), as)
    expect(received(got, HEADER.clientCert)).toEqual([byteSequence(as)])
    expect(received(got, HEADER.clientCertUnverified)).toEqual([])
    expect(received(got, HEADER.verify)).toEqual(['SUCCESS'])
  })

  it.each(Object.entries(SUBJECTS))('hands over a validated certificate with a name: %s', async (_, name) => {
    const as = pemOf(await makeClient(ca, { commonName: name }))
    expect(received(await echo(stack(), as), HEADER.clientCert)).toEqual([byteSequence(as)])
  })

  it.each([
    ['by our own code', async () => pemOf(await makeOwn([{ type: 'CN', value: 'Grace Hopper' }]))],
    ['by openssl, with RSA of 4096 bit', async () => pemOf(makeSelfSigned('-newkey', 'rsa:4096'))],
    [
      'by openssl, with a long name',
      async () => pemOf(makeSelfSigned('-subj', `/O=${'y'.repeat(60)}/CN=漢字`, '-utf8')),
    ],
  ])('hands over a self-signed certificate as unverified, made %s', async (_, make) => {
    const as = await make()
    const got = await echo(stack(), as)
    expect(received(got, HEADER.clientCertUnverified)).toEqual([byteSequence(as)])
    for (const name of [HEADER.clientCert, HEADER.subject, HEADER.issuer, HEADER.serial]) {
      expect(received(got, name)).toEqual([])
    }
    expect(received(got, HEADER.verify)).toEqual([expect.stringMatching(/^FAILED:[\x20-\x7e]+$/)])
  })

  it.each([
    ['01', '01'],
    ['0A0B0C', '0A0B0C'],
    ['00F00D', 'F00D'],
    [`00${'FF'.repeat(16)}`, 'FF'.repeat(16)],
    [`0${'1'.repeat(39)}`, `0${'1'.repeat(39)}`],
  ])('writes the serial number %s as %s', async (encoded, printed) => {
    const as = await forge(ca, {
      change: certificate => {
        certificate.serialNumber = serialOf(encoded)
      },
    })
    expect(received(await echo(stack(), as), HEADER.serial)).toEqual([printed])
  })

  it('writes names as RFC 4514 does', async () => {
    const got = await echo(stack(), person('admin'))
    expect(received(got, HEADER.subject)).toEqual(['CN=Administrator,O=CA admins'])
    expect(received(got, HEADER.issuer)).toEqual(['CN=Gatehouse client CA,O=Gatehouse'])
  })

  it('sends no header for a subject that is empty', async () => {
    const got = await echo(stack(), await forge(ca, { change: named() }))
    expect(received(got, HEADER.subject)).toEqual([])
    expect(received(got, HEADER.verify)).toEqual(['SUCCESS'])
  })

  it.each([
    'a\r\nX-SSL-Client-Verify: SUCCESS\r\n\r\nGET / HTTP/1.1',
    'a\nb',
    'a\rb',
    'a\0b',
    '\x1b[2J\x7f',
    '(null)',
    'a,O=CA admins',
    'a+O=CA admins',
    '"\\;<>#= ',
    '\u202e\u2028\u0085',
    '%{PROXY_SECRET}e %[env(PROXY_SECRET)] $proxy_secret',
  ])('breaks no header with the name %j', async name => {
    const as = await forge(ca, { change: named([['O', 'Gatehouse']], [['CN', name]]) })
    const [got, usual] = [await echo(stack(), as), await echo(stack(), person('grace'))]
    const names = ({ rawHeaders }: Echo) => rawHeaders.filter((_, i) => i % 2 === 0)
    expect(names(got)).toEqual(names(usual))
    expect(received(got, HEADER.clientCert)).toEqual([byteSequence(as)])
    expect(received(got, HEADER.proxySecret)).toEqual(received(usual, HEADER.proxySecret))
    const [subject = ''] = received(got, HEADER.subject)
    expect(subject).toMatch(/^CN=[ -~\x80-\xff]*,O=Gatehouse$/)
    expect(subject.match(/(?<!\\)[,+]/g)).toHaveLength(1)
  })
})
