;; build: --preempt=off
;; Sites in both arms of an if: the clone decides on the condition by the site.
(module
  (import "env" "wait" (func $wait))
  (import "env" "log" (func $log (param i32)))
  (memory 1)
  (func (export "choose") (param $c i32) (param $x i32)
    (if (local.get $c)
      (then (call $wait) (call $log (local.get $x)))
      (else (call $wait) (call $log (i32.add (local.get $x) (i32.const 1)))))))
