-- The gate before /internal/: whoever has no certificate passes with a token that the application has signed
-- (docs/gate.md). `decide` is asked before all else, and leaves in GATE_USER who it is; `route` sends those who pass to
-- the service. Should this script fail, Apache answers 500: nobody passes unasked.

local listed = require 'listed'
local refusal = require 'refusal'
local read_token = require 'token'

local COOKIE = '__Host-gatehouse'
local IS_CERTIFICATE_REQUIRED = os.getenv('CLIENT_CERT') ~= 'optional'

-- As the client has sent it: what Apache makes of it is for nobody to decide by.
local function path_of(r) return (r.unparsed_uri:gsub('^%a[%w+.-]*://[^/?]*', '')) end

-- The value of the gate's cookie, if there is exactly one, and the other cookies as they came.
local function cookies_of(r)
  local value, count, others = nil, 0, {}
  for pair in (r.headers_in['Cookie'] or ''):gmatch('[^;]+') do
    local name, content = pair:match('^%s*(.-)%s*=(.*)$')
    if name == COOKIE then value, count = content, count + 1 else others[#others + 1] = pair end
  end
  local rest = table.concat(others, ';'):gsub('^%s+', '')
  -- Several lines have become one, with a comma between: of what is in there nobody knows whose it is.
  if count > 1 or rest:find('[,;]%s*' .. COOKIE:gsub('%p', '%%%0') .. '%s*=') then return nil, '' end
  return value, rest
end

-- A header has neither control characters, each of which mod_ssl writes as a backslash and digits, nor blanks at its ends. A
-- backslash itself is written twice.
local function name_in(certificate)
  local name = certificate('SSL_CLIENT_S_DN_CN'):gsub('\\\\', '\0')
  local is_text = name:find('^%S') and name:find('%S$') and not name:find('\\', 1, true)
  local is_only = is_text and certificate('SSL_CLIENT_S_DN_CN_1') == ''
  return is_only and name:gsub('\0', '\\') or 'certificate ' .. certificate('SSL_CLIENT_M_SERIAL')
end

-- Listed without octets 0 in front (signed-list.lua).
local function entry_of(session)
  return (session:gsub('^0*', function(zeros) return ('0'):rep(#zeros % 2) end))
end

-- Pages are sent to the login and back; a program is told so, and whatever has a body, which would be lost.
local function is_program(r)
  local accept = (r.headers_in['Accept'] or ''):lower()
  local wants_data = accept:find('json', 1, true) and not accept:find('text/html', 1, true)
  local is_reading = r.method == 'GET' or r.method == 'HEAD'
  return not is_reading or r.headers_in['Sec-Fetch-Dest'] == 'empty' or r.headers_in['Upgrade'] or wants_data
end

local function refuse(r, path)
  if is_program(r) then
    r.err_headers_out['WWW-Authenticate'] = 'ClientCertificate'
    refusal(r, 401, 'login-required')
    r.err_headers_out['Vary'] = 'Accept, Cookie'
    return 401
  end
  -- RFC 3986 section 2.3, and what is between the parts of a path.
  local back = path:gsub('[^%w._~/-]', function(octet) return ('%%%02X'):format(octet:byte()) end)
  r.headers_out['Location'] = '/_auth/login?url=' .. back
  r.err_headers_out['Cache-Control'] = 'no-store'
  r.err_headers_out['Vary'] = 'Accept, Cookie'
  return 302
end

local function pass(r, user, other_cookies)
  r.subprocess_env['GATE_USER'] = user
  -- The token would let its reader in, so the service never sees it.
  r.headers_in['Cookie'] = other_cookies ~= '' and other_cookies or nil
  -- Not to the application; and what is large is passed on while it comes.
  r.subprocess_env['no-proxy'] = '1'
  r.subprocess_env['proxy-prefetch-nonblocking'] = '1'
  return apache2.DECLINED
end

function decide(r)
  local path = path_of(r)
  local query = path:match('^/internal(%??.*)$')
  if query and (query == '' or query:find('^%?')) then
    r.headers_out['Location'] = '/internal/' .. query
    return 308
  end
  if not path:find('^/internal/') then return apache2.DECLINED end
  local token, other_cookies = cookies_of(r)
  if r.subprocess_env['CLIENT_VERIFY'] == 'SUCCESS' then
    return pass(r, name_in(function(variable) return r:ssl_var_lookup(variable) or '' end), other_cookies)
  end
  -- httpd.conf refuses.
  if IS_CERTIFICATE_REQUIRED then return apache2.DECLINED end
  local claims = token and read_token(token)
  if not claims then return refuse(r, path) end
  if listed.has('ended', entry_of(claims.jti)) then return refuse(r, path) end
  if not listed.is_there('ended') then return refusal(r, 503, 'no-list') end
  return pass(r, claims.sub, other_cookies)
end

function route(r)
  if not r.subprocess_env['GATE_USER'] then return apache2.DECLINED end
  r.handler = 'proxy-server'
  r.proxyreq = apache2.PROXYREQ_REVERSE
  r.filename = 'proxy:http://intranet:8080' .. path_of(r)
  r.notes['proxy-nocanon'] = '1'
  return apache2.OK
end
