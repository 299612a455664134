-- Tries every command that the other scripts use, on KEYS[1]; answers the first refusal, or 1.
local tries = {
  { 'UNLINK', KEYS[1] },
  { 'HSET', KEYS[1], 'a', '1' },
  { 'HSETNX', KEYS[1], 'a', '1' },
  { 'HGET', KEYS[1], 'a' },
  { 'HMGET', KEYS[1], 'a' },
  { 'HINCRBY', KEYS[1], 'a', 1 },
  { 'HEXISTS', KEYS[1], 'a' },
  { 'HDEL', KEYS[1], 'a' },
  { 'ZADD', KEYS[1], 1, 'a' },
  { 'ZCARD', KEYS[1] },
  { 'ZCOUNT', KEYS[1], 1, 1 },
  { 'ZMSCORE', KEYS[1], 'a' },
  { 'ZRANGE', KEYS[1], 0, 0 },
  { 'ZRANGEBYLEX', KEYS[1], '-', '+', 'LIMIT', 0, 1 },
  { 'ZRANGEBYSCORE', KEYS[1], 1, 1 },
  { 'ZRANK', KEYS[1], 'a' },
  { 'ZSCORE', KEYS[1], 'a' },
  { 'ZREM', KEYS[1], 'a' },
  { 'EXPIRE', KEYS[1], 60 },
  { 'DEL', KEYS[1] },
  { 'TIME' },
}
for _, try in ipairs(tries) do
  local answer = redis.pcall(unpack(try))
  if type(answer) == 'table' and answer.err then
    return try[1] .. ': ' .. answer.err
  end
end
return 1
