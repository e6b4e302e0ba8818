;; Calls through a table: functions that suspend, functions that do not, a host
;; function, and elements that trap.
(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "block_i32" (func $block (param i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "table") 8 funcref)
  (elem (i32.const 0) $pure $blocks $block $wrong)
  (func $pure (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $blocks (param i32) (result i32) (i32.add (call $block (local.get 0)) (i32.const 1)))
  (func $wrong (param i64) (result i64) (local.get 0))
  (func $call (export "call") (param $i i32) (param $x i32) (result i32)
    (i32.add (i32.mul (local.get $x) (i32.const 1000))
      (call_indirect (type $unary) (local.get $x) (local.get $i))))
  (func (export "all") (param $x i32) (result i32) (local $i i32)
    (loop $again
      (local.set $x (i32.rotl (call $call (local.get $i) (local.get $x)) (i32.const 1)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
    (local.get $x)))
