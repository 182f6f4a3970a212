import hash from 'crypto'
import fs from 'fs'

// In `kid`, and in the name of the file with the public key.
const SLOTS = ['a', 'b']
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const SIGNATURE_LENGTH = 64
// No token lives longer.
const REMEMBERED_MS = 3600000

/** The value of the gate's cookie, if there is exactly one. */
function tokenIn(cookies) {
  const values = (cookies || '')
    .split(';')
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith('__Host-gatehouse='))
  return values.length === 1 ? values[0].slice(values[0].indexOf('=') + 1) : undefined
}

function digestOf(token) {
  return hash.createHash('sha256').update(token).digest('base64url')
}

/** Verifying costs more than the rest of the request, so it is remembered, by the digest of all of a token. */
function isVerified(token) {
  return ngx.shared.tokens.has(digestOf(token))
}

function decode(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}

/** Whether the application has signed it. */
async function verify(token) {
  try {
    if (!(await isSigned(token.split('.')))) return false
    ngx.shared.tokens.set(digestOf(token), '', REMEMBERED_MS)
    return true
  } catch (_error) {
    return false
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

/** Of a verified token, if it is for us and still good: nobody else has written it. */
function claimsOf(token) {
  const claims = decode(token.split('.')[1])
  const isGood =
    claims.iss === 'gatehouse' &&
    claims.aud === 'internal' &&
    typeof claims.sub === 'string' &&
    claims.sub !== '' &&
    typeof claims.exp === 'number' &&
    claims.exp * 1000 > Date.now() &&
    /^[0-9A-F]{32}$/.test(claims.jti)
  return isGood ? claims : undefined
}

export default { claimsOf, isVerified, tokenIn, verify }
