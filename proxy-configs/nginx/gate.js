import value from 'header-value.js'

// Of milliseconds since 1970, until 2286.
const TIME_LENGTH = 13

/**
 * What becomes of a request with a token: `pass` and the name; `refuse`; `wait` as long as there is no list of ended sessions;
 * or `verify`, and then it is asked again. Each word here is a part of what a request costs.
 */
function ofToken(r) {
  // As token.js has written it: until when it is good, and whose it is. It is forgotten when any session ends.
  const known = ngx.shared.tokens.get(r.variables.gate_token)
  if (!known) return r.variables.gate_verdict || 'verify'
  return known.slice(0, TIME_LENGTH) > Date.now() ? `pass${known.slice(TIME_LENGTH)}` : 'refuse'
}

/** The common name of a certificate's holder, if he has exactly one. */
function holder(r) {
  const variables = r.variables
  const name = nameOf(variables.ssl_client_s_dn)
  return name && value.isHeaderValue(name) ? name : `certificate ${variables.ssl_client_serial}`
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

// Also without a name of its own: a browser would send that back as if it were one.
const OURS = /^[\s=]*__Host-gatehouse\s*=/

/** The cookie is the application's: a service could log somebody in as somebody else. */
function dropGateCookie(r) {
  const cookies = r.headersOut['Set-Cookie']
  if (!cookies) return
  r.headersOut['Set-Cookie'] = cookies.filter(cookie => !OURS.test(cookie))
}

export default { dropGateCookie, holder, login, ofToken }
