import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** RFC 6761 section 6.3: `localhost` and all below it is this machine, whatever the resolver knows. */
export const resolveHost: LookupFunction = (hostname, options, callback) => {
  if (!/(^|\.)localhost\.?$/i.test(hostname)) return lookup(hostname, options, callback)
  if (options.all) return callback(null, LOOPBACK)
  const [first = { address: '127.0.0.1', family: 4 }] = LOOPBACK
  return callback(null, first.address, first.family)
}
