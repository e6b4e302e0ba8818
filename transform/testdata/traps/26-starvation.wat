;; Ways to run for long: every one of them must come to the end of a slice.
(module
  (import "env" "see" (func $see (param i32)))
  (memory (export "memory") 100)
  (global $zero (export "g1") (mut i32) (i32.const 0))
  (func (export "conditional") (param $n i32)
    (loop $again
      (if (global.get $zero) (then (call $see (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $ping (export "mutual") (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (i32.add (call $pong (i32.sub (local.get $n) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))
  (func $pong (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (i32.add (call $ping (i32.sub (local.get $n) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))
  (func (export "table") (param $n i32)
    (loop $a
      (loop $b
        (block $out
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $out (i32.eqz (local.get $n)))
          (br_table $a $b (i32.and (local.get $n) (i32.const 1)))))))
  (func $tail (export "tail") (param $n i32)
    (if (local.get $n) (then (return_call $tail (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "fill") (param $n i32)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 6000000))
      (memory.copy (i32.const 0) (i32.const 100) (i32.const 6000000))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $leaf (param $n i32) (result i32)
    (i32.xor (i32.mul (local.get $n) (i32.const 7)) (i32.rotl (local.get $n) (i32.const 3))))
  (func (export "calls") (param $n i32)
    (loop $again
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (drop (call $leaf (call $leaf (call $leaf (local.get $n)))))
      (br_if $again (local.get $n)))))
