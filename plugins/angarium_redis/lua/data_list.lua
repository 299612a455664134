-- ARGV: 4 limit, 5 position to start after, 6 and 7 '1' to show claimed and delayed ones,
-- 8 the client whose messages are left out (optional).
local LOOK_AHEAD, SCAN, BYTES = 100, 600, 4000000
local limit, after, client = tonumber(ARGV[4]), ARGV[5], ARGV[8]
local with_claimed, with_delayed = ARGV[6] == '1', ARGV[7] == '1'
local order = (with_claimed or with_delayed) and ALL or READY
if order == READY and settle() then
  return AGAIN
end

local function is_posted_by(body)
  local id_length, client_length = read('>I2I2', body, 17)
  return sub(body, 23 + id_length, 22 + id_length + client_length) == client
end

local answer, found, scanned, bytes, page = { 1, '' }, 0, 0, 0, math.min(limit, SCAN)
while found < limit do
  local range = call('ZRANGEBYSCORE', order, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, page)
  local ids, positions = {}, {}
  for number = 1, #range, 2 do
    ids[#ids + 1], positions[#positions + 1] = range[number], range[number + 1]
  end
  local expiries, states, bodies =
    gather('ZMSCORE', EXPIRING, ids), gather('HMGET', STATE, ids), gather('HMGET', BODY, ids)
  local delays = order == ALL and gather('ZMSCORE', DELAYED, ids) or {}
  for number = 1, #ids do
    local expires, body = tonumber(expiries[number]), bodies[number]
    after = positions[number]
    bytes = bytes + #body
    if
      expires > now
      and (with_claimed or not holder_of(states[number]))
      and (with_delayed or tonumber(delays[number] or 0) <= now)
      and not (client and is_posted_by(body))
    then
      answer[#answer + 1] = seen_as_stored(states[number], expires, body)
      answer[#answer + 1] = body
      answer[2] = after
      found = found + 1
      if found == limit then
        break
      end
    end
  end
  if #ids < page then
    break
  end
  scanned = scanned + #ids
  if found < limit and (scanned >= SCAN or bytes >= BYTES) then
    answer[1], answer[2] = 0, after
    break
  end
  page = LOOK_AHEAD
end
return answer
