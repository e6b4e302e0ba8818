-- Tables with numbers and strings as keys, string building, method calls.
local n = ...
local Account = {}
Account.__index = Account
function Account.new(name) return setmetatable({name = name, balance = 0, log = {}}, Account) end
function Account:add(v)
  self.balance = self.balance + v
  self.log[#self.log + 1] = v
end

local total, parts = 0, {}
for round = 1, n do
  local byName = {}
  for i = 1, 400 do
    local name = "k" .. (i * 7 % 300)
    local a = byName[name]
    if not a then
      a = Account.new(name)
      byName[name] = a
    end
    for j = 1, 6 do a:add(i * j) end
  end
  for i = 0, 299 do
    local a = byName["k" .. i]
    if a then
      total = total + a.balance + #a.log
      a.log = nil
    end
  end
  local grid = {}
  for y = 1, 40 do
    grid[y] = {}
    for x = 1, 40 do grid[y][x] = (x * y + round) % 17 end
  end
  for y = 2, 39 do
    for x = 2, 39 do total = total + grid[y - 1][x] + grid[y][x - 1] - grid[y + 1][x + 1] end
  end
  parts[#parts + 1] = tostring(total)
end
return table.concat(parts, ",")
