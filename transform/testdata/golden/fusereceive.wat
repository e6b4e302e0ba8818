;; build: --preempt=off --suspend-import=lunatic::message.receive
;; Two host calls become one where the second one follows if the first has answered 0.
(module
  (import "lunatic::message" "receive" (func $receive (param i32 i32 i64) (result i32)))
  (import "lunatic::message" "read_data" (func $read (param i32 i32) (result i32)))
  (memory 1)
  (global $base (mut i32) (i32.const 64))
  (func (export "fused") (param $at i32) (result i32)
    (block $not
      (br_if $not (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (return (call $read (i32.add (local.get $at) (i32.const 8)) (i32.const 8))))
    (i32.const -1))
  ;; An operand from before stays below, and the branch takes a value along.
  (func (export "below") (result i32)
    (block $not (result i32)
      i32.const 5
      (br_if $not (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (i32.add (call $read (i32.const 16) (i32.const 8)))))
  ;; A global may be another one behind a host call.
  (func (export "global")
    (block $not
      (br_if $not (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (drop (call $read (global.get $base) (i32.const 8)))))
  ;; The other status.
  (func (export "negated")
    (block $not
      (br_if $not (i32.eqz (call $receive (i32.const 0) (i32.const 0) (i64.const -1))))
      (drop (call $read (i32.const 16) (i32.const 8)))))
  (func (export "between")
    (block $not
      (br_if $not (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (i32.store (i32.const 16) (i32.const 1))
      (drop (call $read (i32.const 16) (i32.const 8))))))
