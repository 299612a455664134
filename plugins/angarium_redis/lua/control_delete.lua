-- ARGV: 2 scope, 3 group, 4 name.
local scope = ARGV[2]
local record = find(scope)
if not record then
  return false
elseif record[STATE] == 'deleting' then
  return answer(scope, record)
end
local marked = {
  next_epoch(), 'deleting', record[POOL], record[TARGET], record[SOURCE], 0, '',
  record[SUBSCRIBED],
}
store(scope, ARGV[3], ARGV[4], record, marked)
return answer(scope, marked)
