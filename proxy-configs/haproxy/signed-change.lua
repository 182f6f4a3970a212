-- Reads what the application answers about a list: only what it has signed with the proxy secret, and nothing of another
-- form. Whatever is wrong is an error.

local hmac = require 'openssl.hmac'

local SECRET = os.getenv('PROXY_SECRET')
local HMAC_LINE = #'hmac \n' + 64

local function hmac_of(text, pause)
  local digest = hmac.new(SECRET, 'sha256')
  for at = 1, #text, 65536 do
    digest:update(text:sub(at, at + 65535))
    pause(100)
  end
  return ('%016x'):rep(4):format(string.unpack('>I8I8I8I8', digest:final()))
end

-- In a time that says nothing about where they differ.
local function equal(one, other)
  local difference = #one ~ #other
  for i = 1, #one do difference = difference | (one:byte(i) ~ (other:byte(i) or 0)) end
  return difference == 0
end

-- `+` and `-` by entry, which is a number in hex: without leading zeros.
local function read_lines(text, at, pause)
  local lines = {}
  while at <= #text do
    local sign, entry, rest = text:match('^([+-])([0-9A-F]+)\n()', at)
    assert(entry and #entry % 2 == 0 and #entry <= 40, 'a malformed line')
    lines[entry:match('^0*(.*)')] = sign
    at = rest
    pause()
  end
  return lines
end

local change = {}

-- Where the answer ends that begins at `at`.
function change.last(text, at)
  local hmac_line = text:find('\nhmac ', at, true)
  return hmac_line and hmac_line + HMAC_LINE or #text
end

local function number(text) return assert(math.tointeger(text), 'a malformed head') end

-- `pause` is called again and again, with how much was done: a line counts one.
function change.read(list, text, pause)
  local signed = text:sub(1, -HMAC_LINE - 1)
  local mac = text:match('^hmac ([0-9a-f]+)\n$', #signed + 1)
  assert(mac and equal(mac, hmac_of(signed, pause)), 'a wrong hmac, or none')
  local head = '^gatehouse%-' .. list .. ' 1\nnonce (%w+)\nfrom (%d+)\nto (%d+)\n()'
  local nonce, from, to, at = signed:match(head)
  return { nonce = nonce, from = number(from), to = number(to), lines = read_lines(signed, at, pause) }
end

return change
