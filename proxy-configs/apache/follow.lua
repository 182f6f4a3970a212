-- Follows a list of the application's: `revoked` certificates or `ended` sessions. What it says has to be right
-- (signed-list.lua), is written down (state-file.lua) and put where every request looks (names.lua, listed.lua). Apache
-- starts this program, with the name of the list and where to ask for it, and starts it again should it end.

package.path = '/etc/gatehouse/?.lua;' .. package.path
local ask = require 'ask'
local names = require 'names'
local rand = require 'openssl.rand'
local signed_list = require 'signed-list'
local socket = require 'socket'
local stat = require 'posix.sys.stat'
local state_file = require 'state-file'
local unistd = require 'posix.unistd'

local MEMORY = '/dev/shm/gatehouse/'
local NAME, PATH = table.unpack(arg)
local HEALTH = MEMORY .. NAME .. '.health'
local QUESTION = PATH .. '?after=%d&nonce=%s&wait=%d&proxy=apache'
-- Seconds
local WAIT, PAUSE = 10, 1

local secret = os.getenv('PROXY_SECRET')
local parent = unistd.getppid()
local listed, file, generation, state, since

local function now() return os.date('!%Y-%m-%dT%H:%M:%SZ') end

local function log(reason)
  local line = '{"time":"%s","proxy":"apache","kind":"list","list":"%s","state":"%s","generation":%d,"entries":%d%s}\n'
  local why = reason and (',"reason":"%s"'):format(reason:gsub('[%c"\\]', ' ')) or ''
  io.stdout:write(line:format(now(), NAME, state, generation, listed:count(), why))
  io.stdout:flush()
end

-- For health.lua: since when the list is stale, or nothing. There is no such file before there is a list.
local function tell_health()
  if not listed:is_known() then return end
  local health = assert(io.open(HEALTH .. '.new', 'w'))
  assert(health:write(state == 'current' and '' or since))
  assert(health:close())
  assert(os.rename(HEALTH .. '.new', HEALTH))
end

local function enter(entered, reason)
  if entered ~= 'current' and (state or 'current') == 'current' then since = now() end
  state = entered
  tell_health()
  log(reason)
end

local function remember()
  stat.mkdir(MEMORY)
  os.remove(HEALTH)
  listed = names.open(MEMORY .. NAME)
  local changes, problem
  file, generation, changes, problem = state_file.open(NAME, secret)
  if file.parts > 0 then listed:apply(changes, true) end
  if file.parts > 0 or problem then enter('away', file.path .. ': ' .. (problem or 'read')) end
end

-- Whether there was anything new; an error if anything is wrong with it.
local function take(text, after, nonce)
  local list = signed_list.read(text, NAME, secret, after)
  if list.nonce ~= nonce then error('it answers another question', 0) end
  if list.to < generation then error('it is older than what is known', 0) end
  if list.to == after and file.parts > 0 then return false end
  local is_kept, problem = pcall(file.keep, file, text, after)
  listed:apply(list.changes, after == 0)
  -- In force all the same, but not for good.
  if not is_kept then error(problem, 0) end
  generation = list.to
  return true
end

local function follow()
  local after = file:is_long() and 0 or generation
  local nonce = rand.bytes(16):gsub('.', function(octet) return ('%02x'):format(octet:byte()) end)
  -- After a failure an answer is wanted at once, to be current again.
  local status, text = ask(QUESTION:format(after, nonce, state == 'current' and WAIT or 0), secret)
  if not status then return 'away', text end
  if status ~= '200' then return 'refused', 'the answer has the status ' .. status end
  local is_right, result = pcall(take, text, after, nonce)
  if not is_right then return 'refused', result end
  return 'current', nil, result
end

remember()
local last
-- An Apache that was killed cannot end it.
while unistd.getppid() == parent do
  local entered, reason, is_news = follow()
  if entered ~= last or is_news then enter(entered, reason) end
  last = entered
  if entered ~= 'current' then socket.sleep(PAUSE) end
end
