-- What follow.lua has put where a request can look: whether there is a list, and whether an entry is in it.

local errno = require 'posix.errno'
local unistd = require 'posix.unistd'

local MEMORY = '/dev/shm/gatehouse/'

local function exists(path)
  local found, problem, number = unistd.access(path)
  if not found and number ~= errno.ENOENT then error(problem) end
  return found
end

local listed = {}

function listed.is_there(list) return exists(MEMORY .. list) end
function listed.has(list, entry) return exists(MEMORY .. list .. '/' .. entry) end

return listed
