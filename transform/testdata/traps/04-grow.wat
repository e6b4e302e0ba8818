;; The host grows the memory while the guest is suspended.
(module
  (import "env" "block_i32" (func $block (param i32) (result i32)))
  (memory (export "memory") 1 16)
  (func (export "grow") (param $x i64) (result i32 i64) (local $before i32)
    (local.set $before (memory.size))
    (i32.store (i32.const 0) (i32.const 0x11223344))
    (i32.store (i32.const 512) (call $block (i32.const 1)))
    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 77))
    (drop (memory.grow (i32.const 1)))
    (drop (call $block (i32.const 2)))
    (i32.add (i32.mul (i32.const 100) (local.get $before)) (memory.size))
    (i64.add (local.get $x) (i64.extend_i32_u (i32.load (i32.const 0))))))
