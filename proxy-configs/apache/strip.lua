-- Removes every name of the header contract, in every spelling, from what a client sends. mod_headers can remove exact
-- names only, and one with another separator (X_SSL-Client.Verify) is a twin of ours to some back end. `Via` has none and
-- is replaced in httpd.conf. Should this script fail, Apache answers 500: nothing is forwarded unstripped.

local families = {
  '^client%-cert', '^x%-ssl%-client', '^ssl%-client', '^ssl%-server', '^x%-forwarded', '^remote', '^x%-remote', '^oidc',
}
local names = {
  ['x-proxy-secret'] = true,
  ['x-request-id'] = true,
  ['x-real-ip'] = true,
  ['forwarded'] = true,
}

local function reserved(header)
  local name = header:lower():gsub('[^a-z0-9]', '-')
  if names[name] then return true end
  for _, family in ipairs(families) do
    if name:find(family) then return true end
  end
end

function strip(r)
  for header in pairs(r:headers_in_table()) do
    -- The first letter spares most headers the rest.
    if header:find('^[CcFfOoRrSsXx]') and reserved(header) then
      r.headers_in[header] = nil
    end
  end
  return apache2.DECLINED
end
