-- ARGV: 2 scope, 3 group, 4 name; 5 to 7 epoch, state and target it has; 8 to 12 state, pool, target,
-- source and metadata it gets ('-' to keep pool and metadata); 13 '1' for a fresh epoch, 14 lease,
-- 15 '1' to wait for the end of the lease, 16 the clock's offset, 17 token, 18 whether it has
-- subscribers ('-' to keep that).
local scope, now = ARGV[2], redis.call('TIME')[1] + ARGV[16]
local record = find(scope)
if record and record[TOKEN] == ARGV[17] then
  return answer(scope, record)
elseif
  not record
  or record[EPOCH_IS] ~= tonumber(ARGV[5])
  or record[STATE] ~= ARGV[6]
  or record[TARGET] ~= text_of(ARGV[7])
  or (ARGV[15] == '1' and now < record[LEASE])
then
  return CHANGED
end
local pool, target, source = text_of(ARGV[9]), text_of(ARGV[10]), text_of(ARGV[11])
if not (has_pool(pool) and has_pool(target) and has_pool(source)) then
  return CHANGED
end
local is_subscribed = ARGV[18] == '1' or (ARGV[18] == '-' and record[SUBSCRIBED] or false)
if ARGV[18] == '0' and has_subscriptions(scope, now) then
  return CHANGED
end
local metadata = text_of(ARGV[12])
if metadata then
  call('HSET', METADATA, scope, metadata)
end
local changed = {
  ARGV[13] == '1' and next_epoch() or record[EPOCH_IS],
  ARGV[8],
  pool or record[POOL],
  target,
  source,
  now + ARGV[14],
  ARGV[17],
  is_subscribed,
}
store(scope, ARGV[3], ARGV[4], record, changed)
return answer(scope, changed)
