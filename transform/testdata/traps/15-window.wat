;; The guest uses every byte of its memory, and its own stack begins at address 0.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "fill") (local $i i32)
    (loop $again
      (i32.store8 (local.get $i) (i32.add (i32.shr_u (local.get $i) (i32.const 8)) (i32.mul (local.get $i) (i32.const 37))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 65536)))))
  (func $deep (export "deep") (param $n i32) (param $x i64) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (i64.extend_i32_u (call $c (i32.load (i32.const 8)))))))
    (i64.store (i32.mul (local.get $n) (i32.const 8)) (local.get $x))
    (i64.add
      (i64.load (i32.mul (local.get $n) (i32.const 8)))
      (i64.rotl (call $deep (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $x) (i64.const 0x100000001))) (i64.const 3)))))
