-- The post's last two arguments: notice, payload. Answers the time if the queue has nothing older to be
-- expanded, else 1.
local owed = owed_of(OWN)
if add_notice(owed, ARGV[#ARGV - 1], ARGV[#ARGV], last, now, '') then
  return call('ZCARD', owed.unexpanded) == 1 and now or 1
end
return 1
