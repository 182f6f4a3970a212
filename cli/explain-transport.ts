import { CliError, type CliErrorCode, ServerError } from './errors.ts'

interface Explanation {
  readonly code: CliErrorCode
  readonly sentence: (host: string, detail: string) => string
}

const UNTRUSTED: Explanation = {
  code: 'SERVER_UNTRUSTED',
  sentence: host =>
    `The certificate of ${host} is not from an authority that is trusted here, so nothing was sent. If it is your server, name its root: --ca FILE, such as keys/root.pem of its checkout.`,
}
const AWAY: Explanation = {
  code: 'SERVER_AWAY',
  sentence: (host, detail) =>
    `${host} does not answer (${detail}). Is it running, and is the address right? See: gatehouse config show.`,
}

function refused(code: CliErrorCode, what: string): Explanation {
  return {
    code,
    sentence: host =>
      `${host} ended the connection because ${what}. See which one is used: gatehouse config show; a new one: gatehouse register, or an administrator.`,
  }
}

/** By Node's code, which is OpenSSL's verify result. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: UNTRUSTED,
  CERT_HAS_EXPIRED: {
    code: 'SERVER_UNTRUSTED',
    sentence: host =>
      `The certificate of ${host} has expired, so nothing was sent. Whoever runs the server has to renew it; if not, the clock here may be wrong.`,
  },
  CERT_NOT_YET_VALID: {
    code: 'SERVER_UNTRUSTED',
    sentence: host =>
      `The certificate of ${host} is not valid yet, so nothing was sent. Is the clock here right?`,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'SERVER_UNTRUSTED',
    sentence: host =>
      `The server's certificate is for other names than ${host}, so nothing was sent. Use a name that it is for: gatehouse config server URL.`,
  },
}

/**
 * By the number of the TLS alert (RFC 8446 section 6), with the code that a server has which answers instead. Node
 * reports one as ERR_SSL_... or, when it comes while the request is being written, as EPROTO; OpenSSL's sentence has
 * the number in both.
 */
const ALERTS: Readonly<Record<string, Explanation>> = {
  40: refused('CERT_REFUSED', 'it asks for a client certificate, or for other TLS than yours'),
  42: refused(
    'CERT_REFUSED',
    'it does not accept your certificate: it may not be valid yet, or its key too weak',
  ),
  43: refused('CERT_UNSUITABLE', 'your certificate is not one to log in with'),
  44: refused('CERT_REVOKED', 'your certificate is revoked'),
  45: refused('CERT_EXPIRED', 'your certificate has expired'),
  46: refused('CERT_REFUSED', 'it does not accept your certificate'),
  48: refused('CERT_ISSUER_UNKNOWN', 'your certificate is from an authority that it does not know'),
  49: refused('CERT_REFUSED', 'your certificate may not be used there'),
  51: refused(
    'CERT_SIGNATURE_INVALID',
    'your certificate has a wrong signature, or your key does not belong to it',
  ),
  116: refused('CERT_MISSING', 'it asks for a client certificate'),
}
const NO_TLS: Explanation = {
  code: 'SERVER_AWAY',
  sentence: host => `${host} does not speak TLS. Is the port right? See: gatehouse config show.`,
}

const DETAILS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was ended',
  EAI_AGAIN: 'its name cannot be looked up',
  ENOTFOUND: 'there is no such name',
  EHOSTUNREACH: 'there is no way there',
  ENETUNREACH: 'there is no way there',
  ETIMEDOUT: 'time is over',
  ABORT_ERR: 'time is over',
}

/** With several addresses tried, Node throws one error that holds one for each. */
function codeOf(error: unknown): string {
  const { code, errors } = Object(error) as { code?: unknown; errors?: readonly { code?: unknown }[] }
  return String(code ?? errors?.[0]?.code ?? Object(error).name)
}

function explanationOf(error: unknown, code: string): Explanation {
  const message = String(Object(error).message)
  const alert = /SSL alert number (\d+)/.exec(message)?.[1] ?? ''
  if (/wrong version number|packet length too long/.test(message)) return NO_TLS
  return EXPLANATIONS[code] ?? ALERTS[alert] ?? AWAY
}

/** What went wrong between here and `host`, in a sentence that says what to do. */
export function explainTransport(error: unknown, host: string): Error {
  if (error instanceof CliError || error instanceof ServerError) return error
  const code = codeOf(error)
  const { code: ours, sentence } = explanationOf(error, code)
  return new CliError(ours, sentence(host, DETAILS[code] ?? code), { cause: error })
}
