import { PkiError } from './errors.ts'

// Our own choice: a real certificate nests less than 12 levels; a deeper one is made to exhaust the stack.
const MAX_DEPTH = 24
const CONSTRUCTED = 0x20
const TAG_NUMBER = 0x1f
const BOOLEAN = 0x01
const INTEGER = 0x02

const NAMES = {
  CERT_MALFORMED: 'certificate',
  CSR_MALFORMED: 'certificate signing request',
  OCSP_MALFORMED: 'OCSP request',
} as const

function malformed(reason: string): TypeError {
  return new TypeError(reason)
}

/** Length and position of the content after the tag at `offset`; X.690 section 10.1: definite, shortest form. */
function readLength(der: Uint8Array, offset: number): { start: number; end: number } {
  const first = der[offset]
  if (first === undefined) throw malformed('it ends within a length')
  if (first < 0x80) return { start: offset + 1, end: offset + 1 + first }
  const octets = first & 0x7f
  if (octets === 0 || octets > 4) throw malformed('a length is indefinite or too long')
  let length = 0
  for (const octet of der.subarray(offset + 1, offset + 1 + octets)) length = length * 256 + octet
  if (length < 0x80 || length < 256 ** (octets - 1)) throw malformed('a length is not in its shortest form')
  return { start: offset + 1 + octets, end: offset + 1 + octets + length }
}

function assertPrimitive(tag: number, content: Uint8Array): void {
  const [first = 0, second = 0] = content
  if (tag === BOOLEAN && (content.length !== 1 || (first !== 0 && first !== 0xff))) {
    throw malformed('a boolean is neither 00 nor FF')
  }
  if (tag !== INTEGER) return
  if (content.length === 0) throw malformed('an integer is empty')
  const padded = content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
  if (padded) throw malformed('an integer is not in its shortest form')
}

function assertElement(der: Uint8Array, offset: number, depth: number): number {
  if (depth > MAX_DEPTH) throw malformed('it nests too deeply')
  const tag = der[offset]
  if (tag === undefined) throw malformed('it ends within an element')
  if ((tag & TAG_NUMBER) === TAG_NUMBER) throw malformed('it uses a tag number above 30')
  const { start, end } = readLength(der, offset + 1)
  if (end > der.length) throw malformed('it is cut off')
  if ((tag & CONSTRUCTED) === 0) {
    assertPrimitive(tag, der.subarray(start, end))
    return end
  }
  const content = der.subarray(0, end)
  for (let next = start; next < end; ) next = assertElement(content, next, depth + 1)
  return end
}

function assertOnlyElement(der: Uint8Array): void {
  if (assertElement(der, 0, 0) !== der.length) throw malformed('something follows it')
}

/**
 * Accepts exactly one element in DER (X.690 section 10), with nothing after it. Lenient parsers take BER and trailing
 * bytes, so that one certificate would have many encodings, each with a fingerprint of its own.
 * @param code what to call it: a certificate, a certificate signing request or an OCSP request
 * @throws PkiError of that code
 */
export function assertDer(der: Uint8Array, code: keyof typeof NAMES = 'CERT_MALFORMED'): void {
  try {
    assertOnlyElement(der)
  } catch (cause) {
    const { message } = cause as TypeError
    throw new PkiError(code, `Not a DER ${NAMES[code]}: ${message}.`, { cause })
  }
}
