-- ARGV: 2 scope, 3 group, 4 name, 5 epoch it has, 6 metadata, 7 token.
local scope = ARGV[2]
local record = find(scope)
if record and record[TOKEN] == ARGV[7] then
  return answer(scope, record)
elseif
  not record
  or record[EPOCH_IS] ~= tonumber(ARGV[5])
  or record[STATE] == 'deleting'
  or record[STATE] == 'moving'
then
  return CHANGED
end
local changed = {
  next_epoch(), 'pending', record[POOL], record[TARGET], record[SOURCE], 0, ARGV[7],
  record[SUBSCRIBED],
}
call('HSET', METADATA, scope, ARGV[6])
store(scope, ARGV[3], ARGV[4], record, changed)
return answer(scope, changed)
