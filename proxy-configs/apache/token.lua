-- Reads the gate's token, a JWT (RFC 7519) signed with ES256 (RFC 7518): what it claims, if the application has signed it for
-- us and it is still good; nil for everything else.

local json = require 'cjson.safe'
local digest = require 'openssl.digest'
local pkey = require 'openssl.pkey'

-- Our own choice: then all that is remembered is forgotten.
local MOST_REMEMBERED = 1000

local function key_in(path)
  local file <close> = assert(io.open(path))
  return pkey.new(file:read('a'))
end

-- By `kid`.
local keys = { a = key_in('/run/secrets/gate-a.pem'), b = key_in('/run/secrets/gate-b.pem') }

-- What rightly signed tokens claim: verifying costs a third of a request. Each thread of Apache has its own.
local known, count = {}, 0

local function remember(token, claims)
  if count == MOST_REMEMBERED then known, count = {}, 0 end
  known[token], count = claims, count + 1
end

local DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
local VALUES = {}
for i = 1, #DIGITS do VALUES[DIGITS:byte(i)] = i - 1 end

local function octets_of(digits)
  local bits = 0
  for i = 1, 4 do bits = bits << 6 | (VALUES[digits:byte(i)] or 0) end
  return string.pack('>I3', bits):sub(1, #digits - 1)
end

-- RFC 4648 section 5. Apache's own decoder drops an octet 0 at the end.
local function decode(text)
  return not text:find('[^%w_-]') and text:gsub('..?.?.?', octets_of) or ''
end

local function object_in(text)
  local value = json.decode(decode(text))
  return type(value) == 'table' and value or {}
end

-- An integer of DER: no octet 0 too many, and never negative.
local function integer(octets)
  octets = octets:gsub('^\0+', '')
  if octets == '' or octets:byte() > 127 then octets = '\0' .. octets end
  return '\2' .. string.char(#octets) .. octets
end

-- RFC 7518 section 3.4: r and s, of 32 octets each; OpenSSL takes them in DER.
local function der_of(signature)
  if #signature ~= 64 then return nil end
  local both = integer(signature:sub(1, 32)) .. integer(signature:sub(33))
  return '0' .. string.char(#both) .. both
end

local function is_signed(head, body, signature)
  local header = object_in(head)
  local key = header.alg == 'ES256' and type(header.kid) == 'string' and keys[header.kid]
  local der = der_of(decode(signature))
  if not key or not der then return false end
  local is_done, is_right = pcall(key.verify, key, der, digest.new('sha256'):update(head .. '.' .. body))
  return is_done and is_right
end

local function is_good(claims)
  return claims.iss == 'gatehouse' and claims.aud == 'internal'
    and type(claims.sub) == 'string' and claims.sub:find('^%C+$')
    and type(claims.exp) == 'number' and claims.exp > os.time()
    and type(claims.jti) == 'string' and #claims.jti == 32 and not claims.jti:find('[^0-9A-F]')
end

return function(token)
  if not known[token] then
    local head, body, signature = token:match('^([^.]+)%.([^.]+)%.([^.]+)$')
    if not head or not is_signed(head, body, signature) then return nil end
    remember(token, object_in(body))
  end
  return is_good(known[token]) and known[token] or nil
end
