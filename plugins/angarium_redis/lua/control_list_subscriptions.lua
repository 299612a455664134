-- ARGV: 2 scope, 3 the clock's offset, 4 id to start after, 5 limit. Answers where it stopped because of
-- expired ones ('' if it did not), and what it found.
local SCAN = 500 -- ids that one call looks at, beside those it answers
local limit = tonumber(ARGV[5])
local ids = call('ZRANGEBYLEX', IDS, '(' .. ARGV[4], '+', 'LIMIT', 0, limit + SCAN)
local found = {}
for _, id in ipairs(ids) do
  local live = #found < limit and read_live(id)
  if live then
    found[#found + 1] = tell(id, live)
  end
end
local stopped = #ids == limit + SCAN and #found < limit
return { stopped and ids[#ids] or '', found }
