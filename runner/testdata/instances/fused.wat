;; receive and read_data that lunatic-build makes one host call of. Every export ends with an
;; exit code: 1 and so on for bytes that were read, times 4, plus the last bits of the first
;; one; 100 and more where there is nothing to read.
(module
  (import "lunatic::process" "spawn" (func $spawn (param i64 i64 i64 i32 i32 i32 i32 i32) (result i32)))
  (import "lunatic::process" "process_id" (func $process_id (result i64)))
  (import "lunatic::process" "monitor" (func $monitor (param i64)))
  (import "lunatic::message" "create_data" (func $create_data (param i64 i64)))
  (import "lunatic::message" "write_data" (func $write_data (param i32 i32) (result i32)))
  (import "lunatic::message" "read_data" (func $read_data (param i32 i32) (result i32)))
  (import "lunatic::message" "send" (func $send (param i64) (result i32)))
  (import "lunatic::message" "receive" (func $receive (param i32 i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "child\00\00\00")
  (data (i32.const 1040) "message of 20 bytes.")

  (func $put (param $to i64)
    (call $create_data (i64.const 1) (i64.const 0))
    (drop (call $write_data (i32.const 1040) (i32.const 20)))
    (drop (call $send (local.get $to))))
  (func (export "child") (param $parent i64) (call $put (local.get $parent)))

  ;; take reads into $n bytes at $at, then what is left to a place behind.
  (func $take (param $at i32) (param $n i32) (param $timeout i64)
    (local $got i32)
    (block $not
      (br_if $not (call $receive (i32.const 0) (i32.const 0) (local.get $timeout)))
      (local.set $got (call $read_data (i32.add (local.get $at) (i32.const 4)) (local.get $n)))
      (if (i32.ne (i32.add (local.get $got) (call $read_data (i32.const 4096) (i32.const 64))) (i32.const 20))
        (then (unreachable)))
      (call $exit (i32.add (i32.shl (local.get $got) (i32.const 2)) (i32.and (i32.load8_u (i32.add (local.get $at) (i32.const 4))) (i32.const 3)))))
    (call $exit (i32.const 100)))

  (func $start
    (i32.store8 (i32.const 1088) (i32.const 0x7e))
    (i64.store (i32.const 1089) (call $process_id))
    (if (call $spawn (i64.const 0) (i64.const -1) (i64.const -1) (i32.const 1024) (i32.const 5) (i32.const 1088) (i32.const 17) (i32.const 1152))
      (then (unreachable))))

  ;; The message comes later, or is there already.
  (func (export "later") (param $at i32) (param $n i32)
    (call $start)
    (call $take (local.get $at) (local.get $n) (i64.const -1)))
  (func (export "there") (param $at i32) (param $n i32)
    (call $put (call $process_id))
    (call $take (local.get $at) (local.get $n) (i64.const -1)))
  ;; No data: the time is up, or a process has ended.
  (func (export "never") (param $at i32) (param $n i32)
    (call $take (local.get $at) (local.get $n) (i64.const 1)))
  (func (export "ended") (param $at i32) (param $n i32)
    (call $monitor (i64.const 12345))
    (call $take (local.get $at) (local.get $n) (i64.const -1))))
