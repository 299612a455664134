-- ARGV: 2 scope, 3 the clock's offset, 4 id, 5 to 8 subscriber, ttl, options and whether it is confirmed
-- (behind '+', or '-' to keep), 9 '1' to drop the delivery secret, and, unless anything will do, what is
-- expected: 10 the subscriber, 11 the options, 12 the delivery secret as for 5.
local id = ARGV[4]
local found = read_live(id)
if not found then
  return false
end
local is_expected = not ARGV[10]
  or (ARGV[10] == found[SUBSCRIBER] and ARGV[11] == found[OPTIONS] and ARGV[12] == optional(found[SECRET]))
if not is_expected then
  return CHANGED
end
local subscriber, ttl = text_of(ARGV[5]), text_of(ARGV[6])
local options, confirmed = text_of(ARGV[7]), text_of(ARGV[8])
if subscriber and subscriber ~= found[SUBSCRIBER] then
  if find_subscriber(subscriber) then
    return SUBSCRIBER_TAKEN
  end
  free(found[SUBSCRIBER], id)
  found[SUBSCRIBER] = subscriber
end
if ttl then
  found[TTL] = tonumber(ttl)
  found[EXPIRES] = now + ttl
end
found[OPTIONS] = options or found[OPTIONS]
found[CONFIRMED] = confirmed and tonumber(confirmed) or found[CONFIRMED]
if ARGV[9] == '1' then
  found[SECRET] = false
end
write(id, found)
return tell(id, found)
