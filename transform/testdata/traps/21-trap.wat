;; Traps in a frame that has been resumed, at every depth; the instance is used again.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $left (export "g1") (mut i32) (i32.const 0))
  (func $down (export "down") (param $n i32) (param $trap i32) (result i32) (local $r i32)
    (global.set $left (i32.add (global.get $left) (i32.const 1)))
    (if (local.get $n)
      (then (local.set $r (call $down (i32.sub (local.get $n) (i32.const 1)) (local.get $trap))))
      (else (local.set $r (call $c (local.get $trap)))))
    (if (i32.eq (local.get $n) (local.get $trap)) (then unreachable))
    (global.set $left (i32.sub (global.get $left) (i32.const 1)))
    (i32.div_u (local.get $r) (i32.sub (i32.const 6) (local.get $n))))
  (func (export "fine") (param i32) (result i32) (i32.add (call $c (local.get 0)) (global.get $left))))
