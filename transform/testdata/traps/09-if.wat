;; Calls in the condition and in either arm; neither arm may run twice.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $then (export "g1") (mut i32) (i32.const 0))
  (global $else (export "g2") (mut i32) (i32.const 0))
  (func (export "choose") (param $x i32) (result i32)
    (if (result i32) (i32.and (call $c (local.get $x)) (i32.const 1))
      (then
        (global.set $then (i32.add (global.get $then) (i32.const 1)))
        (i32.add (call $c (i32.const 10)) (global.get $then)))
      (else
        (global.set $else (i32.add (global.get $else) (i32.const 1)))
        (i32.sub (call $c (i32.const 20)) (global.get $else)))))
  (func (export "without") (param $x i32) (result i32) (local $r i32)
    (if (i32.and (call $c (local.get $x)) (i32.const 2))
      (then
        (if (call $c (i32.const 30)) (then (local.set $r (call $c (i32.const 31)))))))
    (i32.add (local.get $r) (i32.mul (global.get $then) (i32.const 256)))))
