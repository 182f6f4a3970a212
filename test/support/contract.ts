import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, inject } from 'vitest'
import { FOREIGN_HEADERS, HEADER, HEADER_FAMILIES } from '../../proxy-configs/header-contract.ts'
import { type ClientKeys, type Echo, HOST } from './ask.ts'
import type { Stack } from './stack.ts'

/** What a careless back end makes of a header name: any separator counts, and case does not. */
export function twinOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')
}

const NAMES: ReadonlySet<string> = new Set([...Object.values(HEADER), ...FOREIGN_HEADERS].map(twinOf))
const FAMILIES = HEADER_FAMILIES.map(twinOf)

function isReserved(twin: string): boolean {
  return NAMES.has(twin) || FAMILIES.some(family => twin.startsWith(family))
}

/** Everything under a name of the contract, or a twin of one, as the back end received it. */
export function contractOf(echo: Pick<Echo, 'rawHeaders'>): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (let i = 0; i < echo.rawHeaders.length; i += 2) {
    const twin = twinOf(echo.rawHeaders[i] ?? '')
    if (isReserved(twin)) found[twin] = [...(found[twin] ?? []), echo.rawHeaders[i + 1] ?? '']
  }
  return found
}

interface Expected {
  /** Grace, validated, or nobody. */
  readonly as?: ClientKeys | undefined
  readonly prefix?: '/app'
  readonly host?: string
}

/** The contract as a proxy must have written it: each header exactly once, with the proxy's own value, and no other. */
export function contractFor({ front, port }: Stack, { as, prefix, host }: Expected = {}) {
  const secret = readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8')
  return {
    ...(as ? certificateFields(as) : { 'x-ssl-client-verify': ['NONE'] }),
    'x-proxy-secret': [secret],
    'x-forwarded-for': [expect.stringMatching(/^(?!127\.)\d+(\.\d+){3}$/)],
    'x-forwarded-proto': ['https'],
    'x-forwarded-host': [host ?? `${HOST}:${port}`],
    ...(prefix && { 'x-forwarded-prefix': [prefix] }),
    'x-request-id': [expect.stringMatching(/^[A-Za-z0-9_@-]{20,64}$/)],
    via: [`1.1 ${front.name}`],
  }
}

function certificateFields({ cert }: ClientKeys) {
  const certificate = new X509Certificate(cert)
  return {
    'client-cert': [`:${certificate.raw.toString('base64')}:`],
    'x-ssl-client-verify': ['SUCCESS'],
    'x-ssl-client-s-dn': ['CN=Grace Hopper,O=Gatehouse'],
    'x-ssl-client-i-dn': ['CN=Gatehouse client CA,O=Gatehouse'],
    'x-ssl-client-serial': [certificate.serialNumber],
  }
}
