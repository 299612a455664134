-- Answers 2 if there is more to forget.
local known = queue[1] or call('HGET', QUEUE, 'buried')
if known and tonumber(known) > tonumber(ARGV[2]) then
  return 1
end
return forget_queue(owed_of(OWN)) and 2 or 1
