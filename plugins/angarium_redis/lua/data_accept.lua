-- ARGV: 4 ttl ('' to keep what is left), then in turn: remaining life, ttl and age; record.
local ids, known, leftovers, first_expiry = {}, {}, {}, math.huge
for number = 6, #ARGV, 2 do
  ids[#ids + 1] = sub(ARGV[number], 23, 22 + read('>I2', ARGV[number], 17))
end
for number, expires in ipairs(gather('ZMSCORE', EXPIRING, ids)) do
  if expires then
    if tonumber(expires) > now then
      known[ids[number]] = true
    else
      leftovers[#leftovers + 1] = ids[number]
    end
  end
end
remove(leftovers)
local last = math.max(tonumber(queue[2] or 0), clock[1] * 1000000 + clock[2] - 1)
local positions, lives, states, records = {}, {}, {}, {}
for number, id in ipairs(ids) do
  if not known[id] then
    known[id] = true
    local remaining, ttl, age = read('>I8I8I8', ARGV[3 + 2 * number])
    if ARGV[4] ~= '' then
      ttl = tonumber(ARGV[4])
      remaining = ttl
    end
    last = last + 1
    first_expiry = math.min(first_expiry, now + remaining)
    positions[#positions + 1], positions[#positions + 2] = last, id
    lives[#lives + 1], lives[#lives + 2] = now + remaining, id
    states[#states + 1], states[#states + 2] = id, new_state(now - age, ttl, 0, 0, '')
    records[#records + 1], records[#records + 2] = id, ARGV[4 + 2 * number]
  end
end
if positions[1] then
  call('HSET', QUEUE, 'last', last)
  many('ZADD', ALL, positions)
  many('ZADD', READY, positions)
  many('ZADD', EXPIRING, lives)
  many('HSET', STATE, states)
  many('HSET', BODY, records)
  mark(first_expiry)
end
return 1
