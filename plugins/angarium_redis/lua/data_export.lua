-- ARGV: 4 position to start after, 5 limit, 6 '1' for the bodies too.
if drop_expired() then
  return AGAIN
end
local limit, ids, positions = tonumber(ARGV[5]), {}, {}
local range =
  call('ZRANGEBYSCORE', ALL, '(' .. ARGV[4], '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)
for number = 1, math.min(#range, 2 * limit), 2 do
  ids[#ids + 1], positions[#positions + 1] = range[number], range[number + 1]
end
local is_complete = #range <= 2 * limit and 1 or 0
return answer_stored({ queue[2] or '0', is_complete }, ids, positions, ARGV[6] == '1')
