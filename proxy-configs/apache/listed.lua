-- What follow.lua has put where a request can look: whether there is a list, and whether an entry is in it.

local MEMORY = '/dev/shm/gatehouse/'
local NO_SUCH_FILE = 2

local function exists(path)
  local file, problem, number = io.open(path)
  if file then return file:close() end
  if number ~= NO_SUCH_FILE then error(problem) end
end

local listed = {}

function listed.is_there(list) return exists(MEMORY .. list) end
function listed.has(list, entry) return exists(MEMORY .. list .. '/' .. entry) end

return listed
