;; build: --preempt=off --no-suspend
;; Three host calls become one where nothing is between them that could tell.
(module
  (import "lunatic::message" "create_data" (func $create (param i64 i64)))
  (import "lunatic::message" "write_data" (func $write (param i32 i32) (result i32)))
  (import "lunatic::message" "send" (func $send (param i64) (result i32)))
  (memory 1)
  (global $base (mut i32) (i32.const 64))
  (func (export "fused") (param $to i64) (param $n i32) (result i32)
    (call $create (i64.const 1) (i64.const 8))
    (drop (call $write (i32.add (global.get $base) (i32.const 8)) (local.get $n)))
    (call $send (local.get $to)))
  ;; An operand from before stays below.
  (func (export "below") (param $to i64) (result i32)
    i32.const 5
    (call $create (i64.const 1) (i64.const 8))
    (drop (call $write (i32.const 0) (i32.const 8)))
    (call $send (local.get $to))
    i32.add)
  ;; The bytes are others when the message is sent.
  (func (export "store") (param $to i64) (result i32)
    (call $create (i64.const 1) (i64.const 8))
    (drop (call $write (i32.const 0) (i32.const 8)))
    (i64.store (i32.const 0) (i64.const 7))
    (call $send (local.get $to)))
  ;; A trap that is caught leaves an empty message.
  (func (export "load") (param $to i64) (param $at i32) (result i32)
    (call $create (i64.const 1) (i64.const 8))
    (drop (call $write (i32.load (local.get $at)) (i32.const 8)))
    (call $send (local.get $to)))
  (func (export "written") (param $to i64) (param $n i32) (result i32)
    (call $create (i64.const 1) (i64.const 8))
    (local.set $n (call $write (i32.const 0) (i32.const 8)))
    (drop (call $send (local.get $to)))
    (local.get $n))
  (func (export "twice") (param $to i64) (result i32)
    (call $create (i64.const 1) (i64.const 8))
    (drop (call $write (i32.const 0) (i32.const 8)))
    (drop (call $write (i32.const 8) (i32.const 8)))
    (call $send (local.get $to)))
  ;; Which operand is whose is told by the height of the stack.
  (func (export "early") (param $to i64) (result i32)
    (call $create (i64.const 1) (i64.const 8))
    local.get $to
    (drop (call $write (i32.const 0) (i32.const 8)))
    call $send))
