;; The start function grows the memory and traps.
(module
  (memory (export "memory") 1)
  (func $start (drop (memory.grow (i32.const 30))) unreachable)
  (start $start)
  (func (export "_start")))
