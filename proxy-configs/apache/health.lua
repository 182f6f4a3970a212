-- For the container's health check: each list that this proxy follows has to be there; one that is old is named.

local LISTS = {
  { name = 'revoked', title = 'revocation list', is_followed = os.getenv('REVOCATION') ~= 'none' },
  { name = 'ended', title = 'list of ended sessions', is_followed = os.getenv('GATE') ~= 'off' },
}

-- What follow.lua says; nothing as long as it has no list.
local function stale_since(list)
  local file <close> = io.open('/dev/shm/gatehouse/' .. list.name .. '.health')
  return file and file:read('a')
end

function health(r)
  local text = 'ok'
  for _, list in ipairs(LISTS) do
    if list.is_followed then
      local since = stale_since(list)
      if not since then
        r.status = 503
        r:puts('no ' .. list.title .. ' yet\n')
        return apache2.OK
      end
      if since ~= '' then text = text .. ', ' .. list.title .. ' stale since ' .. since end
    end
  end
  r:puts(text .. '\n')
  return apache2.OK
end
