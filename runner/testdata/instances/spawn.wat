;; spawn(n) spawns n processes one after the other and hears from each; idle(n) spawns n
;; processes that wait for ever, and exits. The memory is 1 MiB, of which they touch a page.
(module
  (import "lunatic::process" "spawn" (func $spawn (param i64 i64 i64 i32 i32 i32 i32 i32) (result i32)))
  (import "lunatic::process" "process_id" (func $process_id (result i64)))
  (import "lunatic::message" "create_data" (func $create_data (param i64 i64)))
  (import "lunatic::message" "send" (func $send (param i64) (result i32)))
  (import "lunatic::message" "receive" (func $receive (param i32 i32 i64) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 1024) "child\00\00\00sleeper\00")
  (func (export "spawn") (param $n i32)
    (loop $next
      (i32.store8 (i32.const 1088) (i32.const 0x7e))
      (i64.store (i32.const 1089) (call $process_id))
      (if (call $spawn (i64.const 0) (i64.const -1) (i64.const -1) (i32.const 1024) (i32.const 5) (i32.const 1088) (i32.const 17) (i32.const 1152))
        (then (unreachable)))
      (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "child") (param $parent i64)
    (call $create_data (i64.const 1) (i64.const 0))
    (drop (call $send (local.get $parent))))
  (func (export "idle") (param $n i32)
    (loop $next
      (if (call $spawn (i64.const 0) (i64.const -1) (i64.const -1) (i32.const 1032) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 1152))
        (then (unreachable)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "sleeper")
    (i32.store (i32.const 2048) (i32.const 1))
    (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))))
