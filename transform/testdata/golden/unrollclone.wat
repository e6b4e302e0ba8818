;; build: --preempt=park
;; The loop has its body twice, but not in the resume clone.
(module
  (import "env" "wait" (func $wait (result i32)))
  (memory 1)
  (func (export "find") (param $p i32) (result i32)
    (local.set $p (i32.add (local.get $p) (call $wait)))
    (loop $next
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.load8_u (local.get $p))))
    (local.get $p)))
