-- Follows a list of the application's, of revoked certificates or of ended sessions; haproxy.cfg loads this once for each,
-- with its name and where to ask for it. What has changed is refused from then on, and kept for the next start. Whatever is wrong with an answer, nothing of it is applied: the list that there is stays. No request
-- runs or waits for this script: haproxy.cfg looks into the ACL and the map that it fills.

local rand = require 'openssl.rand'
local application = require 'application'
local journal = require 'journal'
local signed_change = require 'signed-change'

local NAME, PATH = ...
-- Entries without leading zeros, and `list` as soon as there is one; `since` when it is stale, if it is.
local LISTED, STALE = 'virt@' .. NAME, 'virt@' .. NAME .. '-stale'
local JOURNAL = '/var/lib/gatehouse/' .. NAME
-- Our own choice: the journal is soon read, and seldom written anew.
local MOST_PARTS = 1000
-- What HAProxy itself says when the application says nothing.
local NO_ANSWER = { [0] = true, [502] = true, [503] = true, [504] = true }

local known, entries = {}, 0
local has_list, generation, parts = false, 0, 0
local state, stale_since

local function report(new_state, reason)
  local now = os.date('!%Y-%m-%dT%H:%M:%SZ')
  state = new_state
  stale_since = state ~= 'current' and (stale_since or now) or nil
  if stale_since then core.set_map(STALE, 'since', stale_since) else core.del_map(STALE, 'since') end
  local text = reason and '"' .. reason:gsub('^/%S+%.lua:%d+: ', ''):gsub('[%c"\\]', ' ') .. '"' or 'null'
  core.log(core.notice, string.format(
    '{"time":"%s","proxy":"haproxy","kind":"list","list":"%s","state":"%s","generation":%d,"entries":%d,"reason":%s}',
    now, NAME, state, generation, entries, text))
end

-- The requests of others must not wait until a long list is done. At the start, where there are none, HAProxy forbids it.
local yield = function() end
local steps = 0
local function pause(count)
  steps = steps + (count or 1)
  if steps < 200 then return end
  steps = 0
  yield()
end

local function add(entry)
  if known[entry] then return end
  core.add_acl(LISTED, entry)
  known[entry] = true
  entries = entries + 1
end

local function remove(entry)
  if not known[entry] then return end
  core.del_acl(LISTED, entry)
  known[entry] = nil
  entries = entries - 1
end

local function apply(change)
  for entry, sign in pairs(change.lines) do
    if sign == '+' then add(entry) else remove(entry) end
    pause()
  end
  -- A change since the beginning is the whole list.
  if change.from == 0 then
    for entry in pairs(known) do
      if not change.lines[entry] then remove(entry) end
      pause()
    end
  end
  core.add_acl(LISTED, 'list')
  has_list = true
end

local function keep(text, is_whole)
  local before = is_whole and 0 or parts
  local write = is_whole and journal.replace or journal.append
  -- Should it fail, the next answer is a whole list, and replaces what is half written.
  parts = math.huge
  write(JOURNAL, text, pause)
  parts = before + 1
end

local function restore_part(text)
  local change = signed_change.read(text, NAME, pause)
  assert(change.from == generation, 'not the next part')
  apply(change)
  generation, parts = change.to, parts + 1
end

-- As much of the journal as is right, from its beginning; where that ends, and what is wrong there, if anything.
local function restore_parts(text)
  local at = 1
  while at <= #text do
    local last = signed_change.last(text, at)
    local is_right, problem = pcall(restore_part, text:sub(at, last))
    if not is_right then return at - 1, problem end
    at = last + 1
  end
  return #text
end

local function restore()
  local text = journal.read(JOURNAL)
  local last, problem = restore_parts(text)
  if not problem then return 'not asked yet' end
  journal.replace(JOURNAL, text:sub(1, last), pause)
  return JOURNAL .. ', part ' .. parts + 1 .. ' and all after it: ' .. problem
end

local function take(question, status, body)
  assert(status == 200, 'status ' .. status)
  assert(body, 'a body that is cut off')
  local change = signed_change.read(body, NAME, pause)
  assert(change.nonce == question.nonce, 'the answer to another question')
  assert(change.from == question.after, 'a change from elsewhere')
  assert(change.to >= generation, 'an older list')
  if not has_list or change.to > change.from then
    apply(change)
    keep(body, change.from == 0)
    generation = change.to
  elseif state == 'current' then
    return
  end
  report('current')
end

-- Nothing if there was a right answer; otherwise what there was instead, or an error.
local function poll()
  local question = {
    after = parts <= MOST_PARTS and generation or 0,
    nonce = string.format('%016x%016x', string.unpack('I8I8', rand.bytes(16))),
  }
  -- Whoever does not know whether his list is current wants to know at once.
  local wait = state == 'current' and 10 or 0
  local query = '?after=%d&nonce=%s&wait=%d&proxy=haproxy'
  local status, body = application.get(NAME, PATH .. query:format(question.after, question.nonce, wait))
  if NO_ANSWER[status] then return 'away', 'status ' .. status end
  take(question, status, body)
end

local function follow()
  yield = core.yield
  while true do
    local is_right, problem, reason = pcall(poll)
    if not is_right then problem, reason = 'refused', problem end
    if core.get_info().Stopping == 1 then return end
    if problem then
      if problem ~= state then report(problem, reason) end
      core.sleep(1)
    end
  end
end

core.register_init(function() report('away', select(2, pcall(restore))) end)
core.register_task(follow)
core.register_task(function() application.guard(NAME) end)
