// Whatever is sent as a signing request, it is refused in one of three ways, or its sender has the key.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { Attribute, Extension, Extensions, GeneralName, GeneralNames } from 'pkijs'
import { describe, expect, it, vi } from 'vitest'
import { PkiError } from '../../../pki/errors.ts'
import { OID } from '../../../pki/object-identifiers.ts'
import { readWishes } from '../../../pki/requested-extensions.ts'
import { parseSigningRequest, type SigningRequest } from '../../../pki/signing-request.ts'
import { element, makeRequest, requestDer } from '../../support/make-request.ts'

vi.setConfig({ testTimeout: 60_000 })

const CODES = ['CSR_MALFORMED', 'CSR_PROOF_INVALID', 'KEY_WEAK']

/** @returns `undefined` when it was refused as it should be */
function attempt(input: string | Uint8Array): SigningRequest | undefined {
  try {
    return parseSigningRequest(input)
  } catch (error) {
    expect(error).toBeInstanceOf(PkiError)
    expect(CODES).toContain((error as PkiError).code)
    expect((error as PkiError).message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    return undefined
  }
}

/** The length of CertificationRequestInfo and where it begins; real ones have two octets of length. */
function signedPart(der: Buffer): Buffer {
  const start = der[1] === 0x82 ? 4 : 3
  const header = der[start + 1] === 0x82 ? 4 : 3
  const length = header === 4 ? der.readUInt16BE(start + 2) : der.readUInt8(start + 2)
  return der.subarray(start, start + header + length)
}

const REQUESTS = [
  makeRequest({
    extensions: ['subjectAltName=DNS:example.org,email:ada@example.org', 'keyUsage=keyCertSign'],
  }),
  makeRequest({ newKey: ['rsa:2048'] }),
  makeRequest({
    newKey: ['rsa:2048'],
    options: ['-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'],
  }),
].map(requestDer)

describe.each(REQUESTS.map((der, i) => [['EC', 'RSA', 'RSA-PSS'][i], der] as const))(
  'a request of %s',
  (_, good) => {
    const edit = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }))

    it('with some bytes changed is refused, or what its sender signed is not changed', () => {
      let isRefused = 0
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), edits => {
          const der = Buffer.from(good)
          for (const [offset, value] of edits) der[offset] = value
          const read = attempt(der)
          if (read) expect(signedPart(der)).toEqual(signedPart(good))
          else isRefused += 1
        }),
        { numRuns: 800 },
      )
      expect(isRefused).toBeGreaterThan(500)
    })

    it('with any one byte changed is refused', () => {
      for (const offset of good.keys()) {
        for (const mask of [0x01, 0x80]) {
          const der = Buffer.from(good)
          der[offset] = (der[offset] ?? 0) ^ mask
          expect([offset, attempt(der)?.sha256]).toEqual([offset, undefined])
        }
      }
    })

    it('cut off, lengthened, or with a piece left out or doubled is refused', () => {
      const piece = fc.tuple(fc.nat(good.length), fc.nat(good.length), fc.boolean())
      fc.assert(
        fc.property(piece, ([one, other, isDoubled]) => {
          const [from, to] = [Math.min(one, other), Math.max(one, other) + 1]
          const [before, middle, after] = [good.subarray(0, from), good.subarray(from, to), good.subarray(to)]
          const der = Buffer.concat(isDoubled ? [before, middle, middle, after] : [before, after])
          if (!der.equals(good)) expect(attempt(der)).toBeUndefined()
        }),
        { numRuns: 300 },
      )
    })
  },
)

describe('bytes and texts of any kind', () => {
  it('are refused', () => {
    const wrapped = fc
      .uint8Array({ maxLength: 200 })
      .map(
        bytes =>
          `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
      )
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' }), wrapped),
        input => {
          expect(attempt(input)).toBeUndefined()
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('what is made to exhaust the reader', () => {
  const nest = (depth: number) => {
    let der = element(0x05)
    for (let level = 0; level < depth && der.length < 16_000; level += 1) der = element(0x30, der)
    return der
  }

  it.each([
    ['sequences in sequences', nest(5000), /nests too deeply/],
    ['open sequences only', Buffer.concat(Array(8000).fill(Buffer.of(0x30, 0x80))), /indefinite/],
    ['8000 empty sequences', element(0x30, Buffer.concat(Array(8000).fill(Buffer.of(0x30, 0)))), /RFC 2986/],
    ['a length of 4 GiB', Buffer.from('3084ffffffff00', 'hex'), /cut off/],
    ['a tag number of many octets', element(0x30, Buffer.of(0x3f), Buffer.alloc(15_000, 0xff)), /tag number/],
    ['BEGIN lines only', '-----BEGIN CERTIFICATE REQUEST-----\n'.repeat(450), /no lines BEGIN/],
  ])('%s', (_, input, message) => {
    expect(() => parseSigningRequest(input)).toThrow(
      expect.objectContaining({ code: 'CSR_MALFORMED', message: expect.stringMatching(message) }),
    )
  })

  it('hundreds of attributes and names, honestly signed', () => {
    const name = element(
      0x31,
      element(0x30, Buffer.from('0603550403', 'hex'), element(0x0c, Buffer.from('a'))),
    )
    const attribute = element(0x30, Buffer.from('06032a0304', 'hex'), element(0x31))
    const read = attempt(
      signHonestly({ names: Array(500).fill(name), attributes: Array(900).fill(attribute) }),
    )
    expect(read?.subject).toHaveLength(500)
    expect(read?.requestedExtensions).toHaveLength(31)
  })
})

interface Content {
  readonly version?: Buffer
  readonly names?: readonly Buffer[]
  readonly attributes?: readonly Buffer[]
  /** After them. */
  readonly more?: Buffer
  readonly algorithm?: Buffer
}

const ECDSA_WITH_SHA256 = element(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))

/** What openssl would not write, with a good proof. */
function signHonestly({
  version,
  names = [],
  attributes = [],
  more = Buffer.of(),
  ...rest
}: Content): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const one = Buffer.from('020100', 'hex')
  const info = element(
    0x30,
    version ?? one,
    element(0x30, ...names),
    spki,
    element(0xa0, ...attributes),
    more,
  )
  const signature = element(0x03, Buffer.of(0), sign('sha256', info, privateKey))
  return element(0x30, info, rest.algorithm ?? ECDSA_WITH_SHA256, signature)
}

describe('an honest proof', () => {
  const wrongName = element(
    0x31,
    element(0x30, Buffer.from('0603550403', 'hex'), element(0x0c, Buffer.of(0xff))),
  )
  const wishes = Buffer.from('06092a864886f70d01090e', 'hex')

  it('makes a request of the usual form', () => {
    expect(attempt(signHonestly({}))?.subject).toEqual([])
  })

  it.each([
    ['RSA', '300d06092a864886f70d01010b0500'],
    ['ECDSA with parameters', '300d06082a8648ce3d040302040100'],
  ])('is none under the name of %s', (_, algorithm) => {
    expect(() => parseSigningRequest(signHonestly({ algorithm: Buffer.from(algorithm, 'hex') }))).toThrow(
      expect.objectContaining({
        code: 'CSR_PROOF_INVALID',
        message: expect.stringMatching(/must be signed by/),
      }),
    )
  })

  it.each([
    ['version 2', { version: Buffer.from('020101', 'hex') }],
    ['a version that does not fit', { version: Buffer.from('0208010000000000000000'.slice(0, 20), 'hex') }],
    ['no version', { version: Buffer.of() }],
    ['a name that is not UTF-8', { names: [wrongName] }],
    ['something after the attributes', { more: element(0xa1) }],
    [
      'an extension request of something else',
      { attributes: [element(0x30, wishes, element(0x31, element(0x05)))] },
    ],
  ])('does not help %s', (_, content) => {
    expect(() => parseSigningRequest(signHonestly(content))).toThrow(
      expect.objectContaining({ code: 'CSR_MALFORMED' }),
    )
  })
})

describe('the point at infinity', () => {
  it('is refused as a key, though OpenSSL accepts a signature that anybody can compute', () => {
    const good = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = good.publicKey.export({ format: 'der', type: 'spki' })
    const algorithm = spki.subarray(2, 4 + (spki[3] ?? 0))
    const infinity = element(0x30, algorithm, element(0x03, Buffer.of(0, 0)))
    const info = element(
      0x30,
      Buffer.from('020100', 'hex'),
      element(0x30),
      infinity,
      Buffer.from('a000', 'hex'),
    )
    // With s = H(m) the sum of ECDSA is G + 0, whose first coordinate is known (FIPS 186-5 and SP 800-186).
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
    const base = '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'
    const digest = BigInt(`0x${createHash('sha256').update(info).digest('hex')}`) % order
    const integer = (hex: string) => {
      const octets = Buffer.from(hex.padStart(64, '0'), 'hex')
      return element(0x02, (octets[0] ?? 0) < 0x80 ? octets : Buffer.concat([Buffer.of(0), octets]))
    }
    const signature = element(0x30, integer(base), integer(digest.toString(16)))
    const key = createPublicKey({ key: infinity, format: 'der', type: 'spki' })
    expect(verify('sha256', info, key, signature)).toBe(true)
    const bits = element(0x03, Buffer.of(0), signature)
    const der = element(0x30, info, element(0x30, Buffer.from('06082a8648ce3d040302', 'hex')), bits)
    expect(() => parseSigningRequest(der)).toThrow(
      expect.objectContaining({ code: 'KEY_WEAK', message: expect.stringMatching(/infinity/) }),
    )
  })
})

describe('sentences for the approver', () => {
  it('hold nothing that moves a cursor, turns the writing direction or hides', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(2, 6), (value, type) => {
        const names = new GeneralNames({ names: [new GeneralName({ type, value })] })
        const extnValue = names.toSchema().toBER()
        const extension = new Extension({ extnID: OID.subjectAltName, extnValue })
        const values = [new Extensions({ extensions: [extension] }).toSchema()]
        const { refused } = readWishes([new Attribute({ type: OID.extensionRequest, values })])
        expect(refused).toHaveLength(1)
        expect(refused[0]).toMatch(/^subject alternative name (dns|uri):[^\p{C}\p{Zl}\p{Zp}]*$/u)
      }),
    )
  })
})
