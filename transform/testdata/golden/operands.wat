;; build: --preempt=off
;; Operands on the stack at a site are copied to locals where they are made, and saved.
(module
  (import "env" "wait" (func $wait (result i32)))
  (memory 1)
  (func (export "poll") (param $a i32) (param $dead i32) (result i64)
    (i64.load (i32.const 8))
    (i64.extend_i32_u (i32.add (local.get $a) (call $wait)))
    (i64.add)))
