import { isIP } from 'node:net'
import { AppError } from '../errors.ts'

/** Where mails are handed in, and how. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** TLS from the first octet (RFC 8314 section 3.3). */
  readonly isImplicitTls: boolean
  /** STARTTLS or nothing; otherwise it is used when the server offers it. */
  readonly isStartTlsRequired: boolean
  readonly login: { readonly user: string; readonly password: string } | undefined
}

// RFC 8314 section 7.3, RFC 6409 section 3.1, RFC 5321 section 4.5.4.2.
const PORT = { implicitTls: 465, submission: 587, relay: 25 }
const HOST = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i
const CONTROL = /\p{Cc}/u

const TAKES =
  'It must be smtp://HOST, smtp://USER:PASSWORD@HOST:PORT (with STARTTLS) or smtps://USER:PASSWORD@HOST:PORT (TLS from the start), ' +
  'with everything but letters and digits in USER and PASSWORD percent-encoded, such as %40 for @.'

/** Says nothing of what it got but the kind of mistake: the URL holds a password. */
function refuse(reason: string): never {
  throw new AppError('CONFIG_INVALID', `The SMTP URL is not usable: ${reason}. ${TAKES}`)
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text)
    if (!CONTROL.test(decoded)) return decoded
  } catch {
    // Said below.
  }
  return refuse('its user or password has a wrong % or a control character')
}

function readLogin({ username, password }: URL): SmtpServer['login'] {
  if (username === '' && password === '') return undefined
  if (username === '' || password === '') return refuse('it has only one of user and password')
  return { user: decode(username), password: decode(password) }
}

function readUrl(text: string): URL {
  const bare = text.trim()
  if (/\s/.test(bare)) return refuse('it has a blank or line break in it')
  if (!/^smtps?:\/\//i.test(bare)) return refuse('it begins with neither smtp:// nor smtps://')
  return URL.parse(bare) ?? refuse('it is no URL, or its port is none')
}

/**
 * A line break around it, as files end with one, does not count.
 * @throws AppError CONFIG_INVALID with a sentence that quotes nothing of the URL
 */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = readUrl(text)
  if (!['', '/'].includes(url.pathname) || url.search || url.hash)
    return refuse('something follows the host and port, or a /, ? or # of the password is not encoded')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) === 0 && !HOST.test(host)) return refuse('its host is missing or no host name')
  if (url.port === '0') return refuse('its port is 0')
  const login = readLogin(url)
  const isImplicitTls = url.protocol === 'smtps:'
  const usual = isImplicitTls ? PORT.implicitTls : login ? PORT.submission : PORT.relay
  return Object.freeze({
    host,
    port: Number(url.port || usual),
    isImplicitTls,
    // Whoever takes STARTTLS out of the server's answer would otherwise be sent the password.
    isStartTlsRequired: !isImplicitTls && login !== undefined,
    login,
  })
}
