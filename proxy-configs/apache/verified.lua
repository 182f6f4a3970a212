-- Which tokens were found to be rightly signed, for all processes and threads of Apache: verifying costs a third of a request,
-- and looking here a hundredth. What cannot be remembered is verified again.

local digest = require 'openssl.digest'
local listed = require 'listed'
local names = require 'names'

-- Our own choice, 2 MB: then all are forgotten but the last.
local MOST = 10000
local HEX = ('%02x'):rep(32)

local function add(mark)
  local memory = names.open('/dev/shm/gatehouse/verified')
  memory:apply({ [mark] = '+' }, not memory:is_known() or memory:count() >= MOST)
end

local verified = {}

-- The SHA-256 of all that a verification depends on.
function verified.mark_of(...) return HEX:format(digest.new('sha256'):final(...):byte(1, -1)) end
function verified.has(mark) return listed.has('verified', mark) end
function verified.add(mark) pcall(add, mark) end

return verified
