;; The stack that compilers keep in linear memory: buffers and the pointer.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $sp (export "g1") (mut i32) (i32.const 1024))
  (func $fill (param $at i32) (param $seed i32) (local $i i32)
    (loop $again
      (i32.store (i32.add (local.get $at) (local.get $i)) (i32.mul (local.get $seed) (i32.add (local.get $i) (i32.const 1))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 64)))))
  (func $sum (param $at i32) (result i32) (local $i i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (i32.rotl (local.get $s) (i32.const 5)) (i32.load (i32.add (local.get $at) (local.get $i)))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 64))))
    (local.get $s))
  (func $work (export "work") (param $depth i32) (result i32) (local $buffer i32) (local $r i32)
    (global.set $sp (local.tee $buffer (i32.sub (global.get $sp) (i32.const 64))))
    (call $fill (local.get $buffer) (local.get $depth))
    (local.set $r (call $c (local.get $depth)))
    (if (local.get $depth) (then (local.set $r (i32.xor (local.get $r) (call $work (i32.sub (local.get $depth) (i32.const 1)))))))
    (local.set $r (i32.add (local.get $r) (call $sum (local.get $buffer))))
    (if (i32.ne (global.get $sp) (local.get $buffer)) (then unreachable))
    (global.set $sp (i32.add (local.get $buffer) (i32.const 64)))
    (local.get $r)))
