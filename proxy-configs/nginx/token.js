import fs from 'fs'
import value from 'header-value.js'

// In `kid`, and in the name of the file with the public key.
const SLOTS = ['a', 'b']
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const SIGNATURE_LENGTH = 64

/** Verifying is not done at once, as a decision has to be: this is asked beside a request, which is then decided about again. */
async function verify(r) {
  const claims = await claimsOf(r.variables.gate_token)
  if (!claims || claims.exp * 1000 <= Date.now()) r.variables.gate_verdict = 'refuse'
  else if (!ngx.shared.ended_state.has('list')) r.variables.gate_verdict = 'wait'
  else if (!remember(r.variables.gate_token, claims)) r.variables.gate_verdict = 'refuse'
  r.return(204)
}

/**
 * For gate.js, which asks nothing else: verifying and looking into the list cost more than the rest of a request. Whoever
 * ends a session puts it on the list first and has all tokens forgotten then (list.js); so here the list comes second.
 */
function remember(token, claims) {
  ngx.shared.tokens.set(token, `${Math.floor(claims.exp * 1000)} ${claims.sub}`)
  // Listed without zeros in front (entries.js).
  if (!ngx.shared.ended.has(claims.jti.replace(/^0+/, ''))) return true
  ngx.shared.tokens.delete(token)
  return false
}

/** What a token claims, if the application has signed it, for us. */
async function claimsOf(token) {
  try {
    const parts = token.split('.')
    if (!(await isSigned(parts))) return undefined
    const claims = decode(parts[1])
    return isForUs(claims) ? claims : undefined
  } catch (_error) {
    return undefined
  }
}

async function isSigned(parts) {
  if (parts.length !== 3) return false
  const header = decode(parts[0])
  const slot = SLOTS.filter(name => name === header.kid)[0]
  const signature = Buffer.from(parts[2], 'base64url')
  if (header.alg !== 'ES256' || !slot || signature.length !== SIGNATURE_LENGTH) return false
  const pem = fs.readFileSync(`/run/secrets/gate-${slot}.pem`, 'utf8')
  const spki = Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64')
  const key = await crypto.subtle.importKey('spki', spki, ECDSA, false, ['verify'])
  return await crypto.subtle.verify(ECDSA, key, signature, Buffer.from(`${parts[0]}.${parts[1]}`))
}

function decode(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}

function isForUs(claims) {
  return (
    claims.iss === 'gatehouse' &&
    claims.aud === 'internal' &&
    typeof claims.sub === 'string' &&
    value.isHeaderValue(claims.sub) &&
    typeof claims.exp === 'number' &&
    /^[0-9A-F]{32}$/.test(claims.jti)
  )
}

export default { verify }
