;; A host function that suspends only sometimes.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "ten") (param $x i32) (result i32) (local $i i32)
    (loop $again
      (local.set $x (i32.add (i32.rotl (local.get $x) (i32.const 7)) (call $c (local.get $i))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (local.get $x)))
