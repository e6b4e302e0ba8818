;; Recursion without end: in native frames, and in saved ones.
(module
  (import "env" "block" (func $block))
  (memory (export "memory") 1)
  (func $native (export "native") (param $x i32) (result i32)
    (i32.add (call $native (i32.add (local.get $x) (i32.const 1))) (local.get $x)))
  (func $saved (export "saved") (param $a i64) (param $b i64) (param $c i64) (param $d i64) (result i64)
    (call $block)
    (i64.add (call $saved (local.get $b) (local.get $c) (local.get $d) (i64.add (local.get $a) (i64.const 1)))
      (i64.xor (i64.xor (local.get $a) (local.get $b)) (i64.xor (local.get $c) (local.get $d)))))
  (func (export "fine") (param i32) (result i32) (call $block) (local.get 0)))
