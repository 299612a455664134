-- ARGV: 4 after, 5 upto, 6 last position, then in turn: position, remaining life, ttl, age, count and
-- due; id; claim id or ''; record or ''.
local MOST = 1000 -- messages of the stretch that one call removes
local ids, places, wanted = {}, {}, {}
for number = 7, #ARGV, 4 do
  local id = ARGV[number + 1]
  ids[#ids + 1], places[id], wanted[id] = id, number, true
end
local there = call(
  'ZRANGEBYSCORE', ALL, '(' .. ARGV[4], ARGV[5], 'LIMIT', 0, #ids + MOST
)
local others = {}
for _, id in ipairs(there) do
  if not wanted[id] then
    others[#others + 1] = id
  end
end
remove(others)
if #there == #ids + MOST then
  return AGAIN
end

local kept, positions, lives, states, records = {}, {}, {}, {}, {}
local ready, delayed, claimed, first_expiry = {}, {}, {}, math.huge
for number, body in ipairs(gather('HMGET', BODY, ids)) do
  local id = ids[number]
  local place = places[id]
  local claim_id, record = ARGV[place + 2], ARGV[place + 3]
  if body or record ~= '' then
    local position, remaining, ttl, age, count, due = read('>I8I8I8I8I8I8', ARGV[place])
    local is_claimed, expires = claim_id ~= '', now + remaining
    kept[#kept + 1] = id
    positions[#positions + 1], positions[#positions + 2] = position, id
    lives[#lives + 1], lives[#lives + 2] = expires, id
    states[#states + 1] = id
    states[#states + 1] = new_state(now - age, ttl, count, is_claimed and now + due or 0, claim_id)
    if record ~= '' then
      records[#records + 1], records[#records + 2] = id, record
    end
    if is_claimed then
      claimed[#claimed + 1], claimed[#claimed + 2] = math.min(now + due, expires), id
    elseif due > 0 then
      delayed[#delayed + 1], delayed[#delayed + 2] = now + due, id
    else
      ready[#ready + 1], ready[#ready + 2] = position, id
    end
    first_expiry = math.min(first_expiry, expires)
  end
end
for _, key in ipairs({ READY, DELAYED, CLAIMED }) do
  many('ZREM', key, kept)
end
many('ZADD', ALL, positions)
many('ZADD', EXPIRING, lives)
many('HSET', STATE, states)
many('HSET', BODY, records)
many('ZADD', READY, ready)
many('ZADD', DELAYED, delayed)
many('ZADD', CLAIMED, claimed)
if tonumber(queue[2] or 0) < tonumber(ARGV[6]) then
  call('HSET', QUEUE, 'last', ARGV[6])
end
if kept[1] then
  mark(first_expiry)
end
return 1
