-- Follows a list of the application: asks for what has changed, has it refused from then on, and keeps it for the next
-- start. Whatever is wrong with an answer, nothing of it is applied: the list that there is stays. No request runs or waits
-- for this script: haproxy.cfg looks into the ACLs and the maps that it fills.

local rand = require 'openssl.rand'
local application = require 'application'
local journal = require 'journal'
local signed_change = require 'signed-change'
local List = require 'list'

-- Our own choice: the journal is soon read, and seldom written anew.
local MOST_PARTS = 1000
-- What HAProxy itself says when the application says nothing.
local NO_ANSWER = { [0] = true, [502] = true, [503] = true, [504] = true }

-- The requests of others must not wait until a long list is done. At the start, where there are none, HAProxy forbids it.
local yield = function() end
local steps = 0
local function pause(count)
  steps = steps + (count or 1)
  if steps < 200 then return end
  steps = 0
  yield()
end

local Follower = {}
Follower.__index = Follower

function Follower:report(state, reason)
  local now = os.date('!%Y-%m-%dT%H:%M:%SZ')
  self.state = state
  self.stale_since = state ~= 'current' and (self.stale_since or now) or nil
  if self.stale_since then core.set_map(self.health, 'since', self.stale_since) else core.del_map(self.health, 'since') end
  local text = reason and '"' .. reason:gsub('^/%S+%.lua:%d+: ', ''):gsub('[%c"\\]', ' ') .. '"' or 'null'
  core.log(core.notice, string.format(
    '{"time":"%s","proxy":"haproxy","kind":"list","list":"%s","state":"%s","generation":%d,"entries":%d,"reason":%s}',
    now, self.name, state, self.generation, self.list.entries, text))
end

function Follower:keep(text, is_whole)
  local before = is_whole and 0 or self.parts
  local write = is_whole and journal.replace or journal.append
  -- Should it fail, the next answer is a whole list, and replaces what is half written.
  self.parts = math.huge
  write(self.journal, text, pause)
  self.parts = before + 1
end

function Follower:restore_part(text)
  local change = signed_change.read(self.name, text, pause)
  assert(change.from == self.generation, 'not the next part')
  self.list:apply(change, pause)
  self.generation, self.parts = change.to, self.parts + 1
end

-- As much of the journal as is right, from its beginning; where that ends, and what is wrong there, if anything.
function Follower:restore_parts(text)
  local at = 1
  while at <= #text do
    local last = signed_change.last(text, at)
    local is_right, problem = pcall(self.restore_part, self, text:sub(at, last))
    if not is_right then return at - 1, problem end
    at = last + 1
  end
  return #text
end

function Follower:restore()
  local text = journal.read(self.journal)
  local last, problem = self:restore_parts(text)
  if not problem then return 'not asked yet' end
  journal.replace(self.journal, text:sub(1, last), pause)
  return self.journal .. ', part ' .. self.parts + 1 .. ' and all after it: ' .. problem
end

function Follower:take(question, status, body)
  assert(status == 200, 'status ' .. status)
  assert(body, 'a body that is cut off')
  local change = signed_change.read(self.name, body, pause)
  assert(change.nonce == question.nonce, 'the answer to another question')
  assert(change.from == question.after, 'a change from elsewhere')
  assert(change.to >= self.generation, 'an older list')
  if not self.list.is_there or change.to > change.from then
    self.list:apply(change, pause)
    self:keep(body, change.from == 0)
    self.generation = change.to
  elseif self.state == 'current' then
    return
  end
  self:report('current')
end

-- Nothing if there was a right answer; otherwise what there was instead, or an error.
function Follower:poll()
  local question = {
    after = self.parts <= MOST_PARTS and self.generation or 0,
    nonce = string.format('%016x%016x', string.unpack('I8I8', rand.bytes(16))),
  }
  -- Whoever does not know whether his list is current wants to know at once.
  local wait = self.state == 'current' and 10 or 0
  local path = '%s?after=%d&nonce=%s&wait=%d&proxy=haproxy'
  local status, body = application.get(self.name, path:format(self.path, question.after, question.nonce, wait))
  if NO_ANSWER[status] then return 'away', 'status ' .. status end
  self:take(question, status, body)
end

function Follower:follow()
  yield = core.yield
  while true do
    local is_right, problem, reason = pcall(self.poll, self)
    if not is_right then problem, reason = 'refused', problem end
    if core.get_info().Stopping == 1 then return end
    if problem then
      if problem ~= self.state then self:report(problem, reason) end
      core.sleep(1)
    end
  end
end

-- The name is also that of the list's ACL, of the map that says since when it is stale, of its journal, and of the server
-- in the section `authority`.
function Follower.start(name, path)
  local self = setmetatable({ name = name, path = path, generation = 0, parts = 0 }, Follower)
  self.list, self.health = List.new('virt@' .. name), 'virt@' .. name .. '-stale'
  self.journal = '/var/lib/gatehouse/' .. name
  core.register_init(function() self:report('away', select(2, pcall(self.restore, self))) end)
  core.register_task(function() self:follow() end)
end

return Follower
