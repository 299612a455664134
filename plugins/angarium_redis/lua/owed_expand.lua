-- ARGV: 3 owner, then pages: queue, notice, cursor it has, cursor it gets ('-' if it is the last page,
-- else behind '+'), number of duties, the duties. Answers the heads of the indexes.
local function expand(owed, id, after, cursor, first, count)
  local position = tonumber(call('ZSCORE', owed.unexpanded, id) or -1)
  local told = call('HGET', owed.notices, id)
  local owner, _, upto = lease_of(owed)
  local is_taken = owner and owner ~= ARGV[3] and position <= upto
  if position < 0 or sub(told, 17) ~= after or is_taken then
    return
  end
  add_duties(owed, id, position, first, count)
  call('HSET', owed.notices, id, sub(told, 1, 16) .. sub(cursor, 2))
  if cursor == '-' then
    call('ZREM', owed.unexpanded, id)
    release_notice(owed, id)
    place_queue(owed)
  end
end

local place = 4
while ARGV[place] do
  local queue, id, after, cursor, count = unpack(ARGV, place, place + 4)
  expand(owed_of(queue), id, after, cursor, place + 5, tonumber(count))
  place = place + 5 + 2 * count
end
return { head(NOTICES), head(LANES), head(SUSPECTS) }
