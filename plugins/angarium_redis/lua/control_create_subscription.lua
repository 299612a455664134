-- ARGV: 2 scope, 3 the clock's offset, 4 id, 5 subscriber, 6 ttl, 7 options, 8 '1' if it is confirmed,
-- 9 delivery secret ('-' for none). Answers whether it created the subscription, and what is there.
local record, id = find(scope), ARGV[4]
if not record or record[STATE] == 'deleting' or not record[SUBSCRIBED] then
  return CHANGED
end
local known = read_live(id)
if known then
  return { 1, tell(id, known) }
end
local other, found = find_subscriber(ARGV[5])
if other then
  return { 0, tell(other, found) }
end
local former = read_one(id)
if former then
  forget(id, former)
end
local ttl, confirmed = tonumber(ARGV[6]), tonumber(ARGV[8])
local made = { ARGV[5], ttl, now, now + ttl, ARGV[7], confirmed, text_of(ARGV[9]) }
write(id, made)
return { 1, tell(id, made) }
