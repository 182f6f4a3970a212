-- Reads what the application says has changed in a list: all of it is right, or none of it is taken.

local hmac = require 'openssl.hmac'

local FORM = '^(gatehouse%-(%l+) 1\nnonce (%w+)\nfrom (%d+)\nto (%d+)\n(.*))hmac (%x+)\n$'

local function hex(octets)
  return (octets:gsub('.', function(octet) return ('%02x'):format(octet:byte()) end))
end

-- In constant time: how long it takes must not tell how much of a guess is right.
local function equal(one, other)
  local difference = #one ~ #other
  for i = 1, math.min(#one, #other) do difference = difference | (one:byte(i) ~ other:byte(i)) end
  return difference == 0
end

local function demand(is_right, otherwise)
  if not is_right then error(otherwise, 0) end
end

-- As Apache prints a serial number: two digits to the octet, and no octet 0 before the others.
local function as_printed(name)
  local digits = name:gsub('^0+(.)', '%1')
  return #digits % 2 == 0 and digits or '0' .. digits
end

-- '+' or '-' by name, which is 1 to 20 octets.
local function changes_of(lines)
  demand(lines:gsub('[+-][0-9A-F]+\n', '') == '', 'a line is neither + nor - and an entry')
  local changes = {}
  for sign, name in lines:gmatch('([+-])(%x+)') do
    demand(#name % 2 == 0 and #name <= 40, 'an entry has not 1 to 20 octets')
    changes[as_printed(name)] = sign
  end
  return changes
end

-- What has changed after a generation: { nonce =, to =, changes = }. Otherwise an error that says what is wrong.
local function read(text, name, secret, after)
  local signed, list, nonce, from, to, lines, code = text:match(FORM)
  demand(list == name, 'it has not the form of such a list')
  demand(equal(code, hex(hmac.new(secret, 'sha256'):final(signed))), 'it is not signed with the secret')
  demand(tonumber(from) == after, 'it does not follow what is known')
  return { nonce = nonce, to = math.tointeger(tonumber(to)), changes = changes_of(lines) }
end

return { read = read }
