-- ARGV: 4 how many ids, 5... the ids, then '1' if claims matter, and their ids.
local ids, count = {}, tonumber(ARGV[4])
for number = 5, 4 + count do
  ids[#ids + 1] = ARGV[number]
end
local expiries, found, alive = gather('ZMSCORE', EXPIRING, ids), {}, {}
for number, id in ipairs(ids) do
  if expiries[number] then
    found[#found + 1] = id
    if tonumber(expiries[number]) > now then
      alive[#alive + 1] = id
    end
  end
end
if ARGV[5 + count] then
  local named, foreign = {}, false
  for number = 6 + count, #ARGV do
    named[ARGV[number]] = true
  end
  for _, raw in ipairs(gather('HMGET', STATE, alive)) do
    local holder = holder_of(raw)
    if not holder then
      return NOT_CLAIMED
    end
    foreign = foreign or not named[holder]
  end
  if foreign then
    return OTHER_CLAIM
  end
end
remove(found)
return 1
