;; Locals that are dead, that live on one branch only, that are given again, and that
;; are parameters with new values.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "locals") (param $p i32) (param $q i64) (result i32 i64 f32) (local $a i32) (local $b i64) (local $f f32)
    (local.set $a (i32.mul (local.get $p) (i32.const 3)))
    (drop (call $c (local.get $a)))             ;; $a dead afterwards
    (local.set $a (i32.const 9))
    (local.set $p (call $c (local.tee $a (i32.add (local.get $a) (i32.const 1)))))
    (if (i32.and (local.get $p) (i32.const 1))
      (then (local.set $b (i64.add (local.get $q) (i64.const 1))) (drop (call $c (i32.const 1))))
      (else (local.set $f (f32.const 2.5)) (drop (call $c (local.get $a)))))
    (loop $again
      (local.set $f (f32.add (local.get $f) (f32.const 0.25)))
      (local.set $q (i64.add (local.get $q) (i64.extend_i32_u (call $c (local.get $a)))))
      (br_if $again (local.tee $a (i32.sub (local.get $a) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $a))
    (i64.add (local.get $b) (local.get $q))
    (local.get $f))
  (func (export "untouched") (param i32) (result i32) (local $zero i32) (local $zeros i64)
    (drop (call $c (local.get 0)))
    (i32.add (local.get $zero) (i32.wrap_i64 (local.get $zeros)))))
