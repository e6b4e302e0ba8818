-- string.format, gsub, gmatch, find, byte, rep, concat.
local n = ...
local out, words = {}, 0
for i = 1, n do
  local line = string.format("%05d|%-10s|%x|%q", i, "item" .. i % 97, i * 2654435761 % 4294967296, "a\"b")
  line = line:gsub("%d+", function(d) return #d > 3 and d:sub(1, 3) or "<" .. d .. ">" end)
  if i % 4 == 0 then
    for w in line:gmatch("%a+") do words = words + #w end
  end
  local p = line:find("item", 1, true)
  words = words + p + line:byte(p % #line + 1)
  out[i % 64 + 1] = line:upper():rep(2, ";")
end
return words .. table.concat(out, "\n")
