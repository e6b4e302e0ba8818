;; A start function that takes all memory, and then traps.
(module
  (memory (export "memory") 1)
  (func $s
    (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (memory.fill (i32.const 0) (i32.const 255) (i32.shl (memory.size) (i32.const 16)))
    unreachable)
  (start $s)
  (func (export "_start")))
