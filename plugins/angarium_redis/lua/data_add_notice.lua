-- ARGV: 4 notice, 5 payload, 6 number of duties, the duties. Answers the heads of the indexes of lanes.
local owed, id, position = owed_of(OWN), ARGV[4], tonumber(queue[2] or 0)
if add_notice(owed, id, ARGV[5], position, now) then
  add_duties(owed, id, position, 7, tonumber(ARGV[6]))
end
return { head(LANES), head(SUSPECTS) }
