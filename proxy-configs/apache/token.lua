-- Reads the gate's token, a JWT (RFC 7519) signed with ES256 (RFC 7518): what it claims, if the application has signed it for
-- us and it is still good; nil for everything else.

local digest = require 'openssl.digest'
local json = require 'cjson.safe'
local mime = require 'mime'
local pkey = require 'openssl.pkey'
local verified = require 'verified'

-- Our own choice: then all that is remembered is forgotten.
local MOST_REMEMBERED = 200

local function contents(path)
  local file <close> = assert(io.open(path))
  return file:read('a')
end

-- By `kid`.
local pems = { a = contents('/run/secrets/gate-a.pem'), b = contents('/run/secrets/gate-b.pem') }
local keys = { a = pkey.new(pems.a), b = pkey.new(pems.b) }

-- RFC 4648 section 5, without padding.
local function decode(text)
  if #text % 4 == 1 or text:find('[^%w_-]') then return '' end
  local usual = text:gsub('[_-]', { ['-'] = '+', ['_'] = '/' })
  return mime.unb64(usual .. ('='):rep(-#text % 4)) or ''
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

local function read(token)
  local head, body, signature = token:match('^([^.]+)%.([^.]+)%.([^.]+)$')
  if not head then return nil end
  -- With the keys: what was verified with others, before they were replaced, was not verified.
  local mark = verified.mark_of(pems.a, pems.b, token)
  if not verified.has(mark) then
    if not is_signed(head, body, signature) then return nil end
    verified.add(mark)
  end
  return object_in(body)
end

-- What rightly signed tokens claim; each thread of Apache has its own, and verified.lua is for all.
local known, count = {}, 0

local function remember(token, claims)
  if count == MOST_REMEMBERED then known, count = {}, 0 end
  known[token], count = claims, count + 1
end

return function(token)
  local claims = known[token] or read(token)
  if not claims then return nil end
  if not known[token] then remember(token, claims) end
  return is_good(claims) and claims or nil
end
