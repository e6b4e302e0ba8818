;; What a process must still have after it has hibernated. Each entry waits for a message when
;; its memory, globals and frames are as different from a new instance's as it was told, traps
;; if they are not the same afterwards, and sends what it found to the process called $to.
(module
  (import "lunatic::process" "sleep_ms" (func $sleep (param i64)))
  (import "lunatic::message" "create_data" (func $create_data (param i64 i64)))
  (import "lunatic::message" "write_data" (func $write_data (param i32 i32) (result i32)))
  (import "lunatic::message" "read_data" (func $read_data (param i32 i32) (result i32)))
  (import "lunatic::message" "send" (func $send (param i64) (result i32)))
  (import "lunatic::message" "receive" (func $receive (param i32 i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2 40)
  (global $a (mut i32) (i32.const 7))
  (global $b (mut i64) (i64.const -8))
  (global $c (mut f64) (f64.const 1.5))
  (global $d (mut f32) (f32.const -0.5))
  (data (i32.const 16) "abcdefgh")
  (data (i32.const 4090) "over a page's end")
  (data (i32.const 131064) "the last")

  ;; mark writes to each step-th byte from $from on what depends on its address.
  (func $mark (param $from i32) (param $step i32)
    (loop $next
      (i32.store8 (local.get $from) (i32.xor (local.get $from) (i32.shr_u (local.get $from) (i32.const 8))))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (local.get $step))) (i32.mul (memory.size) (i32.const 65536))))))
  ;; sum is the sum of all bytes times their addresses.
  (func $sum (result i64)
    (local $at i32) (local $s i64)
    (loop $next
      (local.set $s (i64.add (local.get $s) (i64.mul (i64.load8_u (local.get $at)) (i64.extend_i32_u (local.get $at)))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.mul (memory.size) (i32.const 65536)))))
    (local.get $s))
  (func $globals
    (if (i32.ne (global.get $a) (i32.const -1)) (then (unreachable)))
    (if (i64.ne (global.get $b) (i64.const 1)) (then (unreachable)))
    (if (f64.ne (global.get $c) (f64.const -2)) (then (unreachable)))
    (if (f32.ne (global.get $d) (f32.const 3)) (then (unreachable))))
  (func $set
    (global.set $a (i32.const -1))
    (global.set $b (i64.const 1))
    (global.set $c (f64.const -2))
    (global.set $d (f32.const 3)))
  ;; answer sends a number.
  (func $answer (param $to i64) (param $n i64)
    (local $old i64)
    (local.set $old (i64.load (i32.const 32)))
    (i64.store (i32.const 32) (local.get $n))
    (call $create_data (i64.const 1) (i64.const 8))
    (drop (call $write_data (i32.const 32) (i32.const 8)))
    (i64.store (i32.const 32) (local.get $old))
    (drop (call $send (local.get $to))))
  ;; deep waits for a message below $n calls, each with values of its own.
  (func $deep (param $n i32) (param $x i64) (param $y f64) (result i64)
    (if (result i64) (local.get $n)
      (then
        (i64.add
          (i64.mul (local.get $x) (i64.const 3))
          (i64.add
            (call $deep (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $x) (i64.const 11)) (f64.add (local.get $y) (f64.const 0.25)))
            (i64.trunc_f64_s (local.get $y)))))
      (else
        (i64.extend_i32_u (call $receive (i32.const 0) (i32.const 0) (i64.const -1))))))

  ;; keep(to, rounds, depth, from, step, pages)
  (func (export "keep") (param $to i64) (param $rounds i32) (param $depth i32) (param $from i32) (param $step i32) (param $pages i32)
    (local $sum i64)
    (if (i32.lt_s (memory.grow (local.get $pages)) (i32.const 0)) (then (unreachable)))
    (if (local.get $step) (then (call $mark (local.get $from) (local.get $step))))
    (call $set)
    (local.set $sum (call $sum))
    (call $answer (local.get $to) (local.get $sum))
    (loop $next
      (if (local.get $rounds)
        (then
          (call $answer (local.get $to) (call $deep (local.get $depth) (i64.const 5) (f64.const 1.5)))
          (call $globals)
          (if (i64.ne (local.get $sum) (call $sum)) (then (unreachable)))
          (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
          (br $next)))))

  ;; wait(to) receives a message and sends its number back, plus one.
  (func (export "wait") (param $to i64)
    (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
    (drop (call $read_data (i32.const 64) (i32.const 8)))
    (call $answer (local.get $to) (i64.add (i64.load (i32.const 64)) (i64.const 1))))
  ;; late(to, ms) is wait for no message; it sends the answer of the receive.
  (func (export "late") (param $to i64) (param $ms i64)
    (call $answer (local.get $to) (i64.extend_i32_u (call $receive (i32.const 0) (i32.const 0) (local.get $ms)))))
  ;; nap(to, ms)
  (func (export "nap") (param $to i64) (param $ms i64)
    (call $sleep (local.get $ms))
    (call $answer (local.get $to) (local.get $ms)))
  ;; files(to) has closed a file, and then waits.
  (func (export "files") (param $to i64)
    (drop (call $fd_close (i32.const 2)))
    (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
    (call $answer (local.get $to) (i64.extend_i32_u (call $fd_close (i32.const 2)))))
  ;; input(to) waits for standard input.
  (func (export "input") (param $to i64)
    (i32.store (i32.const 128) (i32.const 160))
    (i32.store (i32.const 132) (i32.const 8))
    (if (call $fd_read (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 136)) (then (unreachable)))
    (call $answer (local.get $to) (i64.load (i32.const 160)))))
