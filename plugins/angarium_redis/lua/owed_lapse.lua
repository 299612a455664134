-- What was leased and has run out goes to its place in its index. Who held it last stays known: his
-- report counts until somebody else takes it.
for _, name in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, LAPSED)) do
  if sub(name, 1, 1) == 'l' then
    local lane = open_named(sub(name, 2))
    hand(lane, lane.owner, 0)
    save(lane)
  else
    local owed = owed_of(sub(name, 2))
    local owner, _, upto = lease_of(owed)
    hand_queue(owed, owner, owner, 0, format('%.0f', upto))
    place_queue(owed)
  end
end
