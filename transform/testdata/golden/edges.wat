;; build: --preempt=off --no-suspend
;; A branch under a comparison to a label with several ways in gets a block of its own.
(module
  (func (export "class") (param $n i32) (result i32)
    (block $small
      (br_if $small (i32.lt_s (local.get $n) (i32.const 10)))
      (local.set $n (i32.shr_u (local.get $n) (i32.const 4)))
      (br_if $small (i32.lt_s (local.get $n) (i32.const 10)))
      (local.set $n (i32.const 0)))
    (i32.add (local.get $n) (i32.const 1)))
  (func (export "back") (param $n i32) (result i32)
    (loop $next
      (br_if $next (i32.gt_u (local.tee $n (i32.shr_u (local.get $n) (i32.const 1))) (i32.const 5))))
    (local.get $n))
  ;; The only way in needs none, and neither does a condition that is no comparison.
  (func (export "plain") (param $n i32) (result i32)
    (block $out
      (br_if $out (i32.eqz (local.get $n)))
      (return (i32.const 1)))
    (block $out
      (br_if $out (i32.and (local.get $n) (i32.const 1)))
      (local.set $n (i32.const 3)))
    (local.get $n)))
