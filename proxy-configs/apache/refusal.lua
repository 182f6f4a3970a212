-- The answer to whoever is refused, from the files that all three proxies have: a page for browsers, problem details for
-- all else. Instead of what `ErrorDocument` says; httpd.conf has the type from us, since Apache takes each such text for HTML.

local PAGES = '/usr/share/gatehouse/refusals/'

return function(r, status, name)
  local is_page = (r.headers_in['Accept'] or ''):lower():find('text/html', 1, true)
  local file <close> = assert(io.open(PAGES .. name .. (is_page and '.html' or '.json')))
  r:custom_response(status, file:read('a'))
  r.subprocess_env['REFUSAL_TYPE'] = is_page and 'text/html; charset=utf-8' or 'application/problem+json'
  r.err_headers_out['Cache-Control'] = 'no-store'
  r.err_headers_out['Vary'] = 'Accept'
  if is_page then r.err_headers_out['Content-Security-Policy'] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:" end
  return status
end
