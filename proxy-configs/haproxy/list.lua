-- What is on a list, in an ACL that haproxy.cfg looks into: the entries without leading zeros, and `list` as soon as there
-- is one, of whatever length.

local List = {}
List.__index = List

function List.new(acl) return setmetatable({ acl = acl, known = {}, entries = 0, is_there = false }, List) end

function List:add(entry)
  if self.known[entry] then return end
  core.add_acl(self.acl, entry)
  self.known[entry] = true
  self.entries = self.entries + 1
end

function List:remove(entry)
  if not self.known[entry] then return end
  core.del_acl(self.acl, entry)
  self.known[entry] = nil
  self.entries = self.entries - 1
end

function List:apply(change, pause)
  for entry, sign in pairs(change.lines) do
    if sign == '+' then self:add(entry) else self:remove(entry) end
    pause()
  end
  -- A change since the beginning is the whole list.
  if change.from == 0 then
    for entry in pairs(self.known) do
      if not change.lines[entry] then self:remove(entry) end
      pause()
    end
  end
  core.add_acl(self.acl, 'list')
  self.is_there = true
end

return List
