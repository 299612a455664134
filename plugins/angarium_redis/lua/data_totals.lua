-- KEYS[1]: the index of a bucket. ARGV: what the keys of its queues begin with, the clock's offset,
-- rank to begin at, queues to count. Answers their number, their messages, the claimed ones.
local now = redis.call('TIME')[1] + ARGV[2]
local members = redis.call('ZRANGE', KEYS[1], ARGV[3], ARGV[3] + ARGV[4] - 1)
local total, claimed = 0, 0
for _, member in ipairs(members) do
  local base = ARGV[1] .. member
  total = total + redis.call('ZCOUNT', base .. ':expiring', '(' .. now, '+inf')
  claimed = claimed + redis.call('ZCOUNT', base .. ':claimed', '(' .. now, '+inf')
end
return { #members, total, claimed }
