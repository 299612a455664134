-- ARGV: 4 '1' to forget all others first, 5 seconds for which a notice is held until its duties have come,
-- 6 number of notices; of each: id, payload, numbers (position, age, is it being expanded), cursor; then
-- of each duty: notice, subscription, duty as `add_duties` reads it. Answers the heads of the indexes.
local owed, place = owed_of(OWN), 7
if ARGV[4] == '1' and forget_queue(owed) then
  return AGAIN
end
for _ = 1, tonumber(ARGV[6]) do
  local id, payload, told, cursor = unpack(ARGV, place, place + 3)
  local position, age, is_unexpanded = read('>I8I8B', told)
  local created = now - age
  if add_notice(owed, id, payload, position, created, is_unexpanded == 1 and cursor) then
    if is_unexpanded == 0 then
      call('HSET', owed.counts, 'r' .. id, 1)
      call('ZADD', KEPT, now + ARGV[5], 'h' .. joined(owed.queue, id))
    end
  end
  place = place + 4
end
place_queue(owed)
for number = place, #ARGV, 3 do
  local id = ARGV[number]
  local told = call('HGET', owed.notices, id)
  if told then
    add_duties(owed, id, read('>I8', told), number + 1, 1)
  end
end
return { head(NOTICES), head(LANES), head(SUSPECTS) }
