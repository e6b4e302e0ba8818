;; A start function that calls what can suspend. It runs after the segments have been
;; written, and nobody could resume it.
(module
  (import "env" "block_i32" (func $block (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "\2a")
  (table 1 funcref)
  (elem (i32.const 0) $twice)
  (global $ran (export "g1") (mut i32) (i32.const 0))
  (type $unary (func (param i32) (result i32)))
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (call $block (i32.const 2))))
  (func $start
    (global.set $ran (call_indirect (type $unary) (i32.load8_u (i32.const 100)) (i32.const 0)))
    (i32.store (i32.const 4) (global.get $ran)))
  (start $start)
  (func (export "ran") (result i32) (i32.add (global.get $ran) (call $block (i32.const 0)))))
