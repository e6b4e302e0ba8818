;; build: --preempt=off
;; Calls in tail position need no check and no frame, so no clone.
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (memory 1)
  (func (export "tail") (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (call $wait (i32.const 1)))
      (else (return (call $wait (i32.const 2))))))
  (func (export "return_call") (param $n i32) (result i32)
    (return_call $wait (local.get $n))))
