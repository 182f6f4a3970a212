-- Headers that come several times, for which haproxy.cfg has no words. No Lua is run for a usual request: that would take
-- longer than all the rest of the gate.

-- Also without a name of its own: a browser would send that back as if it were one.
local OURS <const> = '^[%s=]*__Host%-gatehouse%s*='

core.register_action('join_cookies', { 'http-req' }, function(txn)
  txn.http:req_set_header('Cookie', table.concat(txn.http:req_get_headers()['cookie'], '; ', 0))
end)

core.register_action('drop_gate_cookie', { 'http-res' }, function(txn)
  local lines = txn.http:res_get_headers()['set-cookie']
  txn.http:res_del_header('Set-Cookie')
  for i = 0, #lines do
    if not lines[i]:match(OURS) then txn.http:res_add_header('Set-Cookie', lines[i]) end
  end
end)
