;; A frame is resumed and its function suspends again, with older frames below.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "a") (param $x i32) (result i32)
    (i32.add (local.get $x) (call $b (i32.add (call $c (i32.const 1)) (i32.const 10)))))
  (func $b (param $x i32) (result i32) (local $y i64)
    (local.set $y (i64.extend_i32_u (local.get $x)))
    (drop (call $c (i32.const 2)))
    (local.set $x (call $d (local.get $x)))
    (i32.add (i32.wrap_i64 (local.get $y)) (i32.mul (local.get $x) (call $c (i32.const 3)))))
  (func $d (param $x i32) (result i32)
    (loop $again
      (local.set $x (i32.add (local.get $x) (call $c (local.get $x))))
      (br_if $again (i32.and (local.get $x) (i32.const 3))))
    (local.get $x)))
