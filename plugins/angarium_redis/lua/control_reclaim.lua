-- ARGV: 2 '', 3 the clock's offset, 4 most subscriptions to forget. Answers how many it forgot.
local left = tonumber(ARGV[4])
for _, name in ipairs(call('ZRANGEBYSCORE', EXPIRING, '-inf', now, 'LIMIT', 0, left)) do
  scope = name
  HELD, IDS, SUBSCRIBERS, ENDS = keys_of(name)
  for _, id in ipairs(call('ZRANGEBYSCORE', ENDS, '-inf', now, 'LIMIT', 0, left)) do
    forget(id, read_one(id))
    left = left - 1
  end
  if left <= 0 then
    break
  end
end
return ARGV[4] - left
