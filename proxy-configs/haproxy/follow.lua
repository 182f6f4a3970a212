-- Which lists of the application this proxy follows.

local Follower = require 'follower'
local application = require 'application'

if os.getenv('REVOCATION') ~= 'none' then Follower.start('revoked', '/pki/revoked') end
if os.getenv('GATE') ~= 'off' then Follower.start('ended', '/_auth/ended') end
core.register_task(application.guard)
