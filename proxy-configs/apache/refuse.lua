-- Refuses whose certificate is in the list (follow.lua), and everybody with a certificate while there is none. It is asked
-- on every request, so that a resumed session and an open connection are refused too.
-- Should this script fail, Apache answers 500: nobody passes unasked.

local listed = require 'listed'
local refusal = require 'refusal'

function refuse(r)
  if r.subprocess_env['CLIENT_VERIFY'] ~= 'SUCCESS' then return apache2.DECLINED end
  if listed.has('revoked', r:ssl_var_lookup('SSL_CLIENT_M_SERIAL')) then return refusal(r, 403, 'revoked') end
  if not listed.is_there('revoked') then return refusal(r, 503, 'no-list') end
  return apache2.DECLINED
end
