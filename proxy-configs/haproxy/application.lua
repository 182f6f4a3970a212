-- Asks the application as the proxy itself and no client's, through the section `authority` of haproxy.cfg.

-- Our own limits: half as long again as a poll waits, and 400,000 serial numbers.
local PATIENCE_S, MOST_OCTETS = 15, 16 * 1024 * 1024
local HEADERS = { ['x-proxy-secret'] = { os.getenv('PROXY_SECRET') }, ['x-ssl-client-verify'] = { 'NONE' } }

local deadlines = {}

-- Ends an answer that is longer than a list can be: the HTTP client would take all of it into memory.
local Limit = { id = 'limit', flags = filter.FLT_CFG_FL_HTX }
Limit.__index = Limit
function Limit:new() return setmetatable({ left = MOST_OCTETS }, Limit) end
function Limit:start_analyze(_, channel) if channel:is_resp() then filter.register_data_filter(self, channel) end end
function Limit:http_payload(_, message)
  self.left = self.left - message:input()
  assert(self.left >= 0, 'an answer that is too long')
end
core.register_filter('limit', Limit, function(limit) return limit end)

local application = {}

-- The status, and the body if it has the length that was announced. One question at a time for each list.
function application.get(list, path)
  deadlines[list] = core.now().sec + PATIENCE_S
  local answer = core.httpclient():get({ url = 'http://app' .. path, dst = 'abns@gatehouse', headers = HEADERS })
  local length = answer.headers['content-length']
  return answer.status, (not length or tonumber(length[0]) == #answer.body) and answer.body
end

-- Ends an answer that comes one octet at a time, and one that would keep the process from stopping.
function application.guard()
  while true do
    core.msleep(250)
    for list, deadline in pairs(deadlines) do
      if core.get_info().Stopping == 1 or core.now().sec > deadline then
        core.backends.authority.servers[list]:shut_sess()
      end
    end
  end
end

return application
