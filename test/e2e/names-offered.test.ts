// A hostile name in a good certificate is shown inert and whole or not at all, and names nobody else.
import * as asn1js from 'asn1js'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from '../../pki/issue-certificate.ts'
import { type ClientKeys, person } from '../support/ask.ts'
import { type Attribute, askWithAny, clientCa, fingerprintOf, forge, named } from '../support/forge.ts'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

let ca: Authority
beforeAll(async () => {
  ca = await clientCa()
})

const GATEHOUSE: readonly Attribute[] = [['O', 'Gatehouse']]
const subject =
  (...name: Parameters<typeof named>) =>
  () =>
    forge(ca, { change: named(...name) })
const common = (name: string) => subject(GATEHOUSE, [['CN', name]])

interface Strange {
  readonly what: string
  readonly make: () => Promise<ClientKeys>
  readonly name: string | null
  /** What follows `Hello `, the exclamation mark left out; the certificate's serial number if not given. */
  readonly shown?: string
  readonly organisation?: string | null
}

function strange(name: string, shown: string): Strange {
  return { what: JSON.stringify(name), make: common(name), name, shown }
}

// U+FFFD stands where a character would move the cursor, turn the writing or hide.
const STRANGE: readonly Strange[] = [
  { what: 'two names', make: subject(GATEHOUSE, [['CN', 'Alice']], [['CN', 'Grace Hopper']]), name: null },
  {
    what: 'two names in one part',
    make: subject(GATEHOUSE, [
      ['CN', 'Alice'],
      ['CN', 'Grace Hopper'],
    ]),
    name: null,
  },
  {
    what: 'two attributes in one part',
    make: subject([...GATEHOUSE, ['CN', 'Alice']]),
    name: 'Alice',
    shown: 'Alice',
  },
  {
    what: 'two organisations, one of them of administrators',
    make: subject([...GATEHOUSE, ['O', 'CA admins']], [['CN', 'Alice']]),
    name: 'Alice',
    shown: 'Alice',
    organisation: null,
  },
  {
    what: 'a unit of administrators',
    make: subject(GATEHOUSE, [['OU', 'CA admins']], [['CN', 'Alice']]),
    name: 'Alice',
    shown: 'Alice',
  },
  {
    what: 'a BMPString',
    make: subject(GATEHOUSE, [['CN', new asn1js.BmpString({ value: 'Zoë' })]]),
    name: 'Zoë',
    shown: 'Zoë',
  },
  strange('alice/CN=admin', 'alice/CN=admin'),
  strange('alice,CN=admin', 'alice,CN=admin'),
  strange('alice/O=CA admins', 'alice/O=CA admins'),
  strange('alice,O=CA admins', 'alice,O=CA admins'),
  strange('alice+O=CA admins', 'alice+O=CA admins'),
  strange('a\r\nX-SSL-Client-Verify: SUCCESS', 'a\uFFFD\uFFFDX-SSL-Client-Verify: SUCCESS'),
  strange('Grace Hopper\0.evil', 'Grace Hopper\uFFFD.evil'),
  strange('Grace\tHopper', 'Grace\uFFFDHopper'),
  strange('\x1b[2JGrace Hopper', '\uFFFD[2JGrace Hopper'),
  strange('\u202ereppoH ecarG', '\uFFFDreppoH ecarG'),
  strange('Grace\u200b Hopper', 'Grace\uFFFD Hopper'),
  strange('Gr\u0430ce Hopper', 'Gr\u0430ce Hopper'),
  strange(' Grace Hopper ', '\uFFFDGrace Hopper\uFFFD'),
  strange('<script>alert(1)</script>', '<script>alert(1)</script>'),
  strange('"\\%{SSL_CLIENT_CERT}s$host', '"\\%{SSL_CLIENT_CERT}s$host'),
  strange('名無しの権兵衛', '名無しの権兵衛'),
]

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it.each(STRANGE)('shows inert and as nobody else: $what', async wish => {
    const as = await wish.make()
    const { body } = await askWithAny(stack(), as)
    expect(body.trimEnd()).not.toMatch(HARMFUL)
    const { name, organisation = 'Gatehouse' } = wish
    const identity = JSON.parse(body)
    expect(identity).toMatchObject({
      level: 'trusted',
      name,
      organisation,
      fingerprint256: fingerprintOf(as),
      verify: 'SUCCESS',
    })
    const greeting = await askWithAny(stack(), as, '/')
    expect(greeting.body).toBe(`Hello ${wish.shown ?? `certificate ${identity.serial}`}!\n`)
  })

  it.each([9_000, 20_000, 60_000])('refuses a name of %i characters, whole', async length => {
    const as = await common('x'.repeat(length))()
    const { status, body } = await askWithAny(stack(), as)
    // It does not fit into headers; without headers the application says why.
    expect(status).toBe(front.name === 'direct' ? 200 : 431)
    if (status === 200) expect(body).toContain('"verify":"FAILED:unsuitable certificate"')
    expect(body).not.toMatch(/xxxx|trusted/)
    expect((await askWithAny(stack(), person('grace'), '/')).body).toBe('Hello Grace Hopper!\n')
  })
})
