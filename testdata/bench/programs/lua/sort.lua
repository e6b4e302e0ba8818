-- table.sort with a comparison in Lua, and a heap in Lua.
local n = ...
local seed = 42
local function random()
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed
end

local t = {}
for i = 1, n do t[i] = {key = random() % 1000, id = i} end
table.sort(t, function(a, b)
  if a.key ~= b.key then return a.key < b.key end
  return a.id < b.id
end)

local heap, size = {}, 0
local function push(v)
  size = size + 1
  local i = size
  while i > 1 and heap[i // 2] > v do
    heap[i] = heap[i // 2]
    i = i // 2
  end
  heap[i] = v
end
local function pop()
  local top, last = heap[1], heap[size]
  size = size - 1
  local i = 1
  while 2 * i <= size do
    local c = 2 * i
    if c < size and heap[c + 1] < heap[c] then c = c + 1 end
    if last <= heap[c] then break end
    heap[i] = heap[c]
    i = c
  end
  heap[i] = last
  return top
end
for i = 1, n do push(random() % 100000) end
local h = 0
for i = 1, n do h = (h * 31 + pop() + t[i].id) % 1000000007 end
return h
