-- Forget one message. It is in one of three orders: most often in that of its record, if it has one.
local function forget(id, has_state)
  local first, second = READY, CLAIMED
  if has_state then
    first, second = CLAIMED, READY
  end
  if call('ZREM', first, id) == 0 and call('ZREM', second, id) == 0 then
    call('ZREM', DELAYED, id)
  end
  call('ZREM', ALL, id)
  call('ZREM', EXPIRING, id)
  if has_state then
    call('HDEL', STATE, id)
  end
  call('HDEL', BODY, id)
end
