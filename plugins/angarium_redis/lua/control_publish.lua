-- ARGV: 2 scope, 3 group, 4 name, 5 epoch.
local scope = ARGV[2]
local record = find(scope)
if not record or record[EPOCH_IS] ~= tonumber(ARGV[5]) or record[STATE] == 'moving' then
  return 1
elseif record[STATE] == 'deleting' then
  call('HDEL', RECORDS, scope)
  call('HDEL', METADATA, scope)
  index(scope, ARGV[3], ARGV[4], record, nil)
elseif record[STATE] ~= 'published' or record[SOURCE] then
  local published = {
    record[EPOCH_IS], 'published', record[POOL], record[TARGET], false, record[LEASE],
    record[TOKEN], record[SUBSCRIBED],
  }
  store(scope, ARGV[3], ARGV[4], record, published)
end
return 1
