-- What is known, kept over a restart: the application's answers one after another, as it has signed them. What somebody
-- else has written into the file, or a power failure has left half of, is not taken.

local errno = require 'posix.errno'
local signed_list = require 'signed-list'
local stdio = require 'posix.stdio'
local unistd = require 'posix.unistd'

-- Our own choice: then the file is longer than it has to be, and takes longer to read.
local MOST_PARTS = 1000

local function write(path, mode, text)
  local file <close> = assert(io.open(path, mode))
  assert(file:write(text))
  assert(file:flush())
  assert(unistd.fsync(stdio.fileno(file)))
end

-- Nothing, and why, if it cannot be read.
local function contents(path)
  local file <close>, problem, number = io.open(path)
  if not file then return '', number ~= errno.ENOENT and problem or nil end
  return file:read('a')
end

local StateFile = {}
StateFile.__index = StateFile

-- What comes after 0 replaces it as a whole.
function StateFile:keep(text, after)
  if after == 0 then
    write(self.path .. '.new', 'w', text)
    assert(os.rename(self.path .. '.new', self.path))
    self.size, self.parts = #text, 1
    return
  end
  -- What was not taken, or is half written, would make the next part unreadable.
  unistd.truncate(self.path, self.size)
  write(self.path, 'a', text)
  self.size, self.parts = self.size + #text, self.parts + 1
end

function StateFile:is_long() return self.parts > MOST_PARTS end

-- The file, up to which generation it reaches, what is in force there ('+' by name), and what is wrong with the rest.
local function open(name, secret)
  local path = '/var/lib/gatehouse/' .. name
  local self = setmetatable({ path = path, size = 0, parts = 0 }, StateFile)
  local text, problem = contents(path)
  local generation, names = 0, {}
  for part, stop in text:gmatch('(.-\nhmac %x+\n)()') do
    local is_right, answer = pcall(signed_list.read, part, name, secret, generation)
    if not is_right then problem = answer break end
    for name, sign in pairs(answer.changes) do names[name] = sign == '+' and sign or nil end
    generation, self.size, self.parts = answer.to, stop - 1, self.parts + 1
  end
  if self.size < #text then problem = problem or 'it is cut off' end
  return self, generation, names, problem
end

return { open = open }
