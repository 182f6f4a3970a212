import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Environment } from './config-settings.ts'
import { parseAuthorities } from './identity/parse-authorities.ts'

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file; "make generate-keys" makes the keys',
}

/**
 * A secret, or what may hold one: as it is, or from the file that `NAME_FILE` names. Never quoted in a problem.
 */
export function readSecret(env: Environment, name: string, problems: string[]): string | undefined {
  const file = `${name}_FILE`
  if (env[name] !== undefined && env[file] !== undefined) {
    problems.push(`Only one of ${name} and ${file} may be set.`)
    return undefined
  }
  return (env[name] ?? readSetting(env, file, problems))?.trim() || undefined
}

/** A sealed private key and what opens it, both or neither. */
export interface SealedKey {
  /** JWE in compact form. */
  readonly jwe: string
  readonly passphrase: string
}

export function readClientCaKey(env: Environment, problems: string[]): SealedKey | undefined {
  const before = problems.length
  const jwe = readSetting(env, 'GATEHOUSE_CLIENT_CA_KEY_FILE', problems)
  const passphrase = readSecret(env, 'GATEHOUSE_CLIENT_CA_PASSPHRASE', problems)
  // Not as well, when one of them is there and cannot be read.
  if (problems.length === before && (jwe === undefined) !== (passphrase === undefined)) {
    problems.push(
      'GATEHOUSE_CLIENT_CA_KEY_FILE and GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE belong together: set both, or neither, and nothing is signed.',
    )
  }
  return jwe !== undefined && passphrase !== undefined ? { jwe, passphrase } : undefined
}

/** The content of the file that a setting names. */
export function readSetting(env: Environment, name: string, problems: string[]): string | undefined {
  const path = env[name]
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    problems.push(`${name}: cannot read ${path}: ${WHY[code] ?? code}.`)
    return undefined
  }
}

/** The client CA in PEM form, known to hold at least one certificate authority. */
export function readClientCa(env: Environment, problems: string[]): string | undefined {
  const pem = readSetting(env, 'GATEHOUSE_CLIENT_CA_FILE', problems)
  try {
    if (pem !== undefined) parseAuthorities(pem)
  } catch (error) {
    const { message } = error as Error
    problems.push(`GATEHOUSE_CLIENT_CA_FILE: ${env.GATEHOUSE_CLIENT_CA_FILE} is not usable: ${message}.`)
  }
  return pem
}

// 128 bit: below that, a secret can be guessed. 32 characters when they are hexadecimal, 22 when they are base64.
const HEX = /^[0-9a-f]{32,}$/i
const BASE64 = /^(?=.*[^0-9a-f])[A-Za-z0-9+/_-]{22,}={0,2}$/i

/** One secret a line; two while it is replaced. No problem quotes a secret. */
export function readProxySecrets(env: Environment, problems: string[]): readonly string[] {
  const inline = env.GATEHOUSE_PROXY_SECRET
  const name = inline === undefined ? 'GATEHOUSE_PROXY_SECRET_FILE' : 'GATEHOUSE_PROXY_SECRET'
  if ((inline === undefined) === (env.GATEHOUSE_PROXY_SECRET_FILE === undefined)) {
    problems.push('Exactly one of GATEHOUSE_PROXY_SECRET_FILE and GATEHOUSE_PROXY_SECRET must be set.')
    return []
  }
  const text = inline ?? readSetting(env, name, problems)
  if (text === undefined) return []
  const secrets = text.split(/\r?\n/).filter(line => line !== '')
  if (secrets.length === 0) problems.push(`${name} is empty. It must hold one proxy secret a line.`)
  for (const [index, secret] of secrets.entries()) {
    if (HEX.test(secret) || BASE64.test(secret)) continue
    problems.push(
      `${name}: line ${index + 1} has ${secret.length} characters. A proxy secret must be random and of 128 bit or more: ` +
        '32 or more hexadecimal or 22 or more base64 characters, without blanks ("make generate-keys" makes one).',
    )
  }
  return secrets
}

export interface ServerKey {
  readonly cert: string
  readonly key: string
}

/** Server certificate and private key in PEM form, known to belong together. */
export function readServerKey(env: Environment, problems: string[]): ServerKey | undefined {
  const cert = readSetting(env, 'GATEHOUSE_TLS_CERT_FILE', problems)
  const key = readSetting(env, 'GATEHOUSE_TLS_KEY_FILE', problems)
  const certificate = cert && attempt(() => new X509Certificate(cert))
  const privateKey = key && attempt(() => createPrivateKey(key))
  if (cert !== undefined && !certificate) {
    problems.push(`GATEHOUSE_TLS_CERT_FILE: ${env.GATEHOUSE_TLS_CERT_FILE} holds no certificate in PEM form.`)
  }
  if (key !== undefined && !privateKey) {
    problems.push(
      `GATEHOUSE_TLS_KEY_FILE: ${env.GATEHOUSE_TLS_KEY_FILE} holds no unencrypted private key in PEM form.`,
    )
  }
  if (certificate && privateKey && !isPair(certificate, privateKey)) {
    problems.push(
      `GATEHOUSE_TLS_KEY_FILE: ${env.GATEHOUSE_TLS_KEY_FILE} is not the key of ${env.GATEHOUSE_TLS_CERT_FILE}; both must come from one run of "make generate-keys".`,
    )
  }
  return cert !== undefined && key !== undefined ? { cert, key } : undefined
}

function isPair(certificate: X509Certificate, key: KeyObject): boolean {
  return attempt(() => certificate.checkPrivateKey(key)) ?? false
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
