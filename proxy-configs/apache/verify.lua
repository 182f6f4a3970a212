-- What mod_ssl found about the client certificate, in CLIENT_VERIFY: SUCCESS, NONE or FAILED:reason.
--
-- mod_ssl's own SSL_CLIENT_VERIFY cannot be believed below TLS 1.3 with `optional_no_ca`: before every request it resets
-- the result, and that it let a stranger pass (`GENEROUS`) it remembers for the connection of the handshake only. On a
-- resumed session every stranger would be SUCCESS, so there the certificate is verified again.
-- Should this script fail, Apache answers 500: nobody is taken for somebody.

local x509 = require 'openssl.x509'
local store = require 'openssl.x509.store'

local authorities = store.new()
local file <close> = assert(io.open('/run/secrets/client-ca.pem'))
for certificate in file:read('a'):gmatch('%-%-%-%-%-BEGIN CERTIFICATE%-.-END CERTIFICATE%-%-%-%-%-') do
  authorities:add(x509.new(certificate))
end

local function is_doubtful(r)
  return r:ssl_var_lookup('SSL_PROTOCOL') ~= 'TLSv1.3' and r:ssl_var_lookup('SSL_SESSION_RESUMED') == 'Resumed'
end

function verify(r)
  local found = r:ssl_var_lookup('SSL_CLIENT_VERIFY')
  if found == 'GENEROUS' then
    found = 'FAILED:unknown issuer'
  elseif found == 'SUCCESS' and is_doubtful(r) then
    local is_issued = authorities:verify(x509.new(r:ssl_var_lookup('SSL_CLIENT_CERT')))
    if not is_issued then found = 'FAILED:unknown issuer' end
  end
  r.subprocess_env['CLIENT_VERIFY'] = found
  return apache2.DECLINED
end
