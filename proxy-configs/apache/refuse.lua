-- Refuses whose certificate is in the list (follow.lua), and everybody with a certificate while there is none. It is asked
-- on every request, so that a resumed session and an open connection are refused too.
-- Should this script fail, Apache answers 500: nobody passes unasked.

local LIST = '/dev/shm/gatehouse/revoked'
local PAGES = '/usr/share/gatehouse/refusals/'
local NO_SUCH_FILE = 2

local function exists(path)
  local file, problem, number = io.open(path)
  if file then return file:close() end
  if number ~= NO_SUCH_FILE then error(problem) end
end

-- Instead of what `ErrorDocument` says; httpd.conf has the type from us, since Apache takes each such text for HTML.
local function refusal(r, status, name)
  local is_page = (r.headers_in['Accept'] or ''):lower():find('text/html', 1, true)
  local file <close> = assert(io.open(PAGES .. name .. (is_page and '.html' or '.json')))
  r:custom_response(status, file:read('a'))
  r.subprocess_env['REFUSAL_TYPE'] = is_page and 'text/html; charset=utf-8' or 'application/problem+json'
  r.err_headers_out['Cache-Control'] = 'no-store'
  r.err_headers_out['Vary'] = 'Accept'
  if is_page then r.err_headers_out['Content-Security-Policy'] = "default-src 'none'; style-src 'unsafe-inline'" end
  return status
end

function refuse(r)
  if r.subprocess_env['CLIENT_VERIFY'] ~= 'SUCCESS' then return apache2.DECLINED end
  if exists(LIST .. '/' .. r:ssl_var_lookup('SSL_CLIENT_M_SERIAL')) then return refusal(r, 403, 'revoked') end
  if not exists(LIST) then return refusal(r, 503, 'no-list') end
  return apache2.DECLINED
end
