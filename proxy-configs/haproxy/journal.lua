-- Keeps what is known of a list for the next start: the answers exactly as they came, one after the other. A crash leaves
-- all of the last one, or an end that does not count.

local stdio = require 'posix.stdio'
local unistd = require 'posix.unistd'

local NO_SUCH_FILE = 2
-- Our own choice: a disk takes so much in a few milliseconds.
local PIECE = 256 * 1024

local function write(path, mode, text, pause)
  local file <close> = assert(io.open(path, mode))
  for at = 1, #text, PIECE do
    assert(file:write(text:sub(at, at + PIECE - 1)))
    assert(file:flush())
    assert(unistd.fsync(stdio.fileno(file)))
    pause(1000)
  end
end

local function sync_folder(path)
  local folder <close> = assert(io.open(path:match('^.*/')))
  assert(unistd.fsync(stdio.fileno(folder)))
end

local journal = {}

function journal.read(path)
  local file <close>, problem, code = io.open(path)
  if code == NO_SUCH_FILE then return '' end
  return assert(file, problem):read('a')
end

function journal.append(path, text, pause) write(path, 'a', text, pause) end

function journal.replace(path, text, pause)
  write(path .. '.new', 'w', text, pause)
  assert(os.rename(path .. '.new', path))
  sync_folder(path)
end

return journal
