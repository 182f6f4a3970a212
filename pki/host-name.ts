import { isIPv4, isIPv6 } from 'node:net'
import { PkiError } from './errors.ts'

/** What a server certificate can name, and its root can be constrained to. */
export type Host =
  | { readonly type: 'dns'; readonly name: string }
  | { readonly type: 'ip'; readonly address: string; readonly octets: Uint8Array }

// RFC 1123 section 2.1 and RFC 1035 section 2.3.4.
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/
const MAX_NAME = 253

function ipv6Octets(address: string): Uint8Array {
  // The URL parser compresses and lower-cases every spelling, dotted IPv4 tail included.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map(part => Number.parseInt(part, 16))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const zeros = Array<number>(tail === undefined ? 0 : 8 - left.length - right.length).fill(0)
  return Uint8Array.from([...left, ...zeros, ...right].flatMap(group => [group >> 8, group & 0xff]))
}

function isDnsName(name: string): boolean {
  const labels = name.split('.')
  // A last label of digits only is a mistyped address: resolvers read "127.1" as one.
  return (
    name.length <= MAX_NAME && labels.every(label => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
  )
}

/**
 * A DNS name (without wildcard; in ASCII, so an international name in its `xn--` form) or an IP address.
 * @throws PkiError HOST_INVALID
 */
export function parseHost(text: string): Host {
  if (isIPv4(text)) return { type: 'ip', address: text, octets: Uint8Array.from(text.split('.').map(Number)) }
  if (isIPv6(text) && !text.includes('%')) return { type: 'ip', address: text, octets: ipv6Octets(text) }
  const name = text.toLowerCase()
  if (isDnsName(name)) return { type: 'dns', name }
  throw new PkiError(
    'HOST_INVALID',
    `A host must not be ${JSON.stringify(text.slice(0, 80))}. It must be a DNS name such as "gatehouse.example.org", without wildcard, scheme or port, or an IP address.`,
  )
}
