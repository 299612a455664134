-- ARGV: 2 scope, 3 group, 4 name, 5 pool, 6 metadata, 7 token, 8 the clock's offset.
-- Answers whether it created the record, and the record.
local scope, group, name, pool, token = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[7]
local record = find(scope)
if record then
  return { record[TOKEN] == token and 1 or 0, answer(scope, record) }
elseif not has_pool(pool) then
  return CHANGED
end
local is_subscribed = has_subscriptions(scope, call('TIME')[1] + ARGV[8])
record = { next_epoch(), 'pending', pool, false, false, 0, token, is_subscribed }
call('HSET', METADATA, scope, ARGV[6])
store(scope, group, name, nil, record)
return { 1, answer(scope, record) }
