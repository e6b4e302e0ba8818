;; build: --preempt=off
;; Several results: the first one in r, the others in globals.
(module
  (import "env" "wait" (func $wait (result f32)))
  (memory 1)
  (func $three (result f32 i64 f64)
    (f32.neg (call $wait)) (i64.const 2) (f64.const 3))
  (func (export "sum") (result f64)
    (local $b i64) (local $c f64)
    (call $three)
    (local.set $c)
    (local.set $b)
    (f64.promote_f32)
    (f64.add (f64.add (f64.convert_i64_s (local.get $b)) (local.get $c)))))
