import type { KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, temporaryFolder } from './lab.ts'

export interface RequestWish {
  /** As `openssl req -newkey` takes it. */
  readonly newKey?: readonly string[]
  /** Instead of a new key; in PEM, every form of it is kept. */
  readonly key?: KeyObject | string
  readonly subject?: string
  /** Lines below `[req]`. */
  readonly config?: readonly string[]
  /** Lines below `[attributes]`. */
  readonly attributes?: readonly string[]
  /** Values of -addext. */
  readonly extensions?: readonly string[]
  /** Other options of `openssl req`. */
  readonly options?: readonly string[]
}

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

function asPem(key: KeyObject | string): string {
  return typeof key === 'string' ? key : key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** A certificate signing request in PEM as `openssl req` makes it: by somebody who can write anything into it. */
export function makeRequest(wish: RequestWish = {}): string {
  using folder = temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  const { subject = '/O=Gatehouse/CN=Ada Lovelace', extensions = [], attributes = [], config = [] } = wish
  const sections = ['[req]', 'distinguished_name=dn', 'attributes=attributes', ...config, '[dn]']
  // With attributes openssl takes the name from here too.
  if (attributes.length > 0) sections.push('CN=Ada Lovelace')
  writeFileSync(at('cnf'), [...sections, '[attributes]', ...attributes, '[other]', 'CN=Eve'].join('\n'))
  if (wish.key) writeFileSync(at('key'), asPem(wish.key))
  const key = wish.key
    ? ['-key', at('key')]
    : ['-newkey', ...(wish.newKey ?? EC), '-nodes', '-keyout', at('key')]
  const added = extensions.flatMap(extension => ['-addext', extension])
  const name = attributes.length > 0 ? [] : ['-subj', subject]
  const options = [...key, ...name, ...added, ...(wish.options ?? []), '-out', at('csr')]
  run('openssl', 'req', '-new', '-utf8', '-batch', '-config', at('cnf'), ...options)
  return readFileSync(at('csr'), 'utf8')
}

/** The bytes between the lines of a PEM text. */
export function requestDer(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ''), 'base64')
}

/** One element of DER; `content` is shorter than 65536 octets. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const long = body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...(body.length < 128 ? [body.length] : long)]), body])
}
