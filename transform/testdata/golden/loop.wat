;; build: --preempt=park
;; A site in a loop: the clone is entered through the loop's head.
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (memory 1)
  (func (export "poll") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $wait (local.get $n))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
