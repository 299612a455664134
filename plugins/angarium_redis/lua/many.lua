-- Commands with many arguments, in pieces that Lua can unpack.
local PIECE = 4000

local function many(command, key, values)
  for first = 1, #values, PIECE do
    call(command, key, unpack(values, first, math.min(first + PIECE - 1, #values)))
  end
end

local function gather(command, key, names)
  if #names <= PIECE then
    return names[1] and call(command, key, unpack(names)) or {}
  end
  local found = {}
  for first = 1, #names, PIECE do
    local last = math.min(first + PIECE - 1, #names)
    for _, value in ipairs(call(command, key, unpack(names, first, last))) do
      found[#found + 1] = value
    end
  end
  return found
end
