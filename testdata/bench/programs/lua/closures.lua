-- Closures, upvalues, variadic functions, numeric loops over floats.
local n = ...
local function counter(step)
  local c = 0
  return function(...)
    c = c + step * select("#", ...)
    return c
  end
end
local function compose(f, g)
  return function(x) return f(g(x)) end
end

local sum, x = 0, 0.5
local a, b = counter(1), counter(3)
for i = 1, n do
  local k = i % 10
  local f = compose(function(v) return v + k end, function(v) return v * 2 end)
  sum = sum + f(i) + a(i, k) - b(k)
  x = 3.9 * x * (1 - x)
  if i % 3 == 0 then sum = sum // 2 elseif i % 5 == 0 then sum = sum ~ i end
end
return string.format("%d %.10f", sum, x)
