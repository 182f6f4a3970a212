import tokens from 'token.js'

/**
 * What becomes of a request: `pass`, with the name in $gate_user; `verify`, and then it is asked again; `redirect` or
 * `refuse`; or `wait` as long as there is no list of ended sessions.
 */
function decide(r) {
  const variables = r.variables
  if (variables.ssl_client_verify === 'SUCCESS') {
    variables.gate_user = nameOf(variables.ssl_client_s_dn) || `certificate ${variables.ssl_client_serial}`
    return 'pass'
  }
  const token = tokens.tokenIn(variables.http_cookie)
  if (!token) return refusal(r)
  if (!tokens.isVerified(token)) return variables.gate_is_forged ? refusal(r) : 'verify'
  const claims = tokens.claimsOf(token)
  if (!claims) return refusal(r)
  if (!ngx.shared.ended_state.has('list')) return 'wait'
  if (ngx.shared.ended.has(claims.jti.replace(/^0+/, ''))) return refusal(r)
  variables.gate_user = claims.sub
  return 'pass'
}

/** Verifying is not done at once, as a decision has to be; so the request is decided about again. */
async function verify(r) {
  const isSigned = await tokens.verify(tokens.tokenIn(r.variables.http_cookie))
  if (!isSigned) r.variables.gate_is_forged = 'yes'
  r.return(204)
}

/** Pages are sent to the login and back; a program is told so, and whatever has a body, which would be lost. */
function refusal(r) {
  const headers = r.headersIn
  const accept = headers.Accept || ''
  const isReading = r.method === 'GET' || r.method === 'HEAD'
  const isProgram = headers['Sec-Fetch-Dest'] === 'empty' || headers.Upgrade !== undefined
  const wantsData = /json/i.test(accept) && !/text\/html/i.test(accept)
  return isReading && !isProgram && !wantsData ? 'redirect' : 'refuse'
}

// RFC 3986 section 2.3, and what is between the parts of a path.
const UNRESERVED = /[A-Za-z0-9._~/-]/

/** Where to log in, and to come back from. */
function login(r) {
  const octets = Array.from(r.rawVariables.request_uri)
  const back = octets.map(octet => {
    const character = String.fromCharCode(octet)
    return octet < 128 && UNRESERVED.test(character) ? character : `%${hex(octet)}`
  })
  return `/_auth/login?url=${back.join('')}`
}

function hex(octet) {
  return Buffer.from([octet]).toString('hex').toUpperCase()
}

/** The common name in a distinguished name (RFC 4514), if there is exactly one. */
function nameOf(subject) {
  const attributes = subject.match(/(?:[^,+\\]|\\.)+/g) || []
  const names = attributes.filter(attribute => attribute.startsWith('CN='))
  return names.length === 1 ? unescapeValue(names[0].slice(3)) : undefined
}

function unescapeValue(value) {
  const octets = value.replace(/(?:\\[0-9A-F]{2})+/g, escaped => {
    return Buffer.from(escaped.replace(/\\/g, ''), 'hex').toString('utf8')
  })
  return octets.replace(/\\(.)/g, '$1')
}

/** The cookie is the application's: a service could log somebody in as somebody else. */
function dropGateCookie(r) {
  const cookies = r.headersOut['Set-Cookie']
  if (!cookies) return
  r.headersOut['Set-Cookie'] = cookies.filter(cookie => !cookie.startsWith('__Host-gatehouse='))
}

export default { decide, dropGateCookie, login, verify }
