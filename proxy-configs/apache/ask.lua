-- One question to the application, as a proxy and not for a client: status and text of the answer, or nil and why there is
-- none. Over HTTP/1.0, so that the answer ends where the connection does.

local socket = require 'socket'

-- Seconds. A poll is answered after 10 at the latest.
local CONNECT, PATIENCE = 5, 15
-- Our own limit, in octets: 800,000 serial numbers of the longest.
local LARGEST = 32 * 1024 * 1024
local REQUEST = 'GET %s HTTP/1.0\r\nHost: app:8080\r\nX-Proxy-Secret: %s\r\nX-SSL-Client-Verify: NONE\r\n\r\n'

local function exchange(connection, request)
  connection:settimeout(CONNECT, 't')
  local done, problem = connection:connect('app', 8080)
  if done then done, problem = connection:send(request) end
  if not done then return nil, problem end
  connection:settimeout(PATIENCE, 't')
  local too_much, ending, answer = connection:receive(LARGEST)
  if too_much then return nil, 'the answer does not end' end
  return ending == 'closed' and answer ~= '' and answer, ending
end

return function(path, secret)
  local connection = socket.tcp()
  local answer, problem = exchange(connection, REQUEST:format(path, secret))
  connection:close()
  if not answer then return nil, problem end
  local status, head, text = answer:match('^HTTP/1%.%d (%d+)(.-\r\n)\r\n(.*)$')
  if not status then return nil, 'the answer is none of HTTP' end
  local length = head:lower():match('\ncontent%-length: *(%d+)')
  if length and tonumber(length) ~= #text then return nil, 'the answer was cut off' end
  return status, text
end
