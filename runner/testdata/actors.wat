;; Processes written by hand, as lunatic-build would write them, for tests of the
;; executor and the host functions. Sites and clones:
;;
;;   clone 0  $echo    site 0 (receive)
;;   clone 1  $ping    site 1 (send_receive_skip_search; n is live, child in memory)
;;   clone 2  $sleep   site 2 (sleep_ms)
;;   clone 3  $cat     site 3 (fd_read)
;;   clone 4  $relay   site 4 (receive)
;;   clone 5  $nap     site 5 (poll_oneoff)
(module
  (import "lunatic::process" "spawn" (func $spawn (param i64 i64 i64 i32 i32 i32 i32 i32) (result i32)))
  (import "lunatic::process" "sleep_ms" (func $sleep_ms (param i64)))
  (import "lunatic::process" "process_id" (func $process_id (result i64)))
  (import "lunatic::process" "kill" (func $kill (param i64)))
  (import "lunatic::message" "create_data" (func $create_data (param i64 i64)))
  (import "lunatic::message" "write_data" (func $write_data (param i32 i32) (result i32)))
  (import "lunatic::message" "read_data" (func $read_data (param i32 i32) (result i32)))
  (import "lunatic::message" "get_tag" (func $get_tag (result i64)))
  (import "lunatic::message" "send" (func $send (param i64) (result i32)))
  (import "lunatic::message" "receive" (func $receive (param i32 i32 i64) (result i32)))
  (import "lunatic::message" "send_receive_skip_search" (func $send_receive (param i64 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "lunatic::rt" "preempt" (func $preempt))
  (import "lunatic::rt" "window" (func $window))
  (memory (export "memory") 1)
  ;; 0     the window
  ;; 2048  buffer of a message: process id, then a number
  ;; 2064  id of a spawned process
  ;; 2080  iovec {3072, 512}, result
  ;; 2112  clock subscription; 2176 event; 2208 number of events
  ;; 2304  names, 2400 parameters of a spawn
  (data (i32.const 0) "the window")
  (data (i32.const 2080) "\00\0c\00\00\00\02\00\00")
  (data (i32.const 2304) "echo\00\00\00\00\00\00\00\00\00\00\00\00tree\00\00\00\00\00\00\00\00\00\00\00\00relay")
  (global $budget (export "__lunatic_budget") (mut i32) (i32.const 0))
  (global $slice (export "__lunatic_slice") (mut i32) (i32.const 1000))
  (global $fp (export "__lunatic_fp") (mut i32) (i32.const 0))
  (global $pinned (export "__lunatic_pinned") (mut i32) (i32.const 0))

  (func $room (param $site i32) (param $size i32) (result i32)
    (local $at i32)
    (if (i32.lt_u (global.get $fp) (local.get $size)) (then (call $window)))
    (global.set $fp (local.tee $at (i32.sub (global.get $fp) (local.get $size))))
    (i32.store (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 8)) (local.get $site))
    (i32.store (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 4)) (local.get $size))
    (local.get $at))

  ;; sendTo(process, tag, id, number) sends 16 bytes.
  (func $sendTo (param $to i64) (param $tag i64) (param $id i64) (param $n i64)
    (call $put (local.get $tag) (local.get $id) (local.get $n))
    (drop (call $send (local.get $to))))
  (func $put (param $tag i64) (param $id i64) (param $n i64)
    (call $create_data (local.get $tag) (i64.const 16))
    (i64.store (i32.const 2048) (local.get $id))
    (i64.store (i32.const 2056) (local.get $n))
    (drop (call $write_data (i32.const 2048) (i32.const 16))))

  ;; echo answers each message with its number plus one, under its tag, for ever.
  (func $echo (export "echo") (call $echo$resume (i32.const 1)))
  (func $echo$resume (param $first i32)
    (local $tag i64)
    (loop $again
      (if (i32.eqz (local.get $first))
        (then
          (drop (call $read_data (i32.const 2048) (i32.const 16)))
          (local.set $tag (call $get_tag))
          (call $sendTo (i64.load (i32.const 2048)) (local.get $tag) (call $process_id) (i64.add (i64.load (i32.const 2056)) (i64.const 1)))))
      (local.set $first (i32.const 0))
      (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then (drop (call $room (i32.const 0) (i32.const 8))) (return)))
      (br $again)))

  ;; ping(n) exchanges n messages with an echo that it spawns, and kills it.
  (func $ping (export "ping") (param $n i32)
    (drop (call $spawn (i64.const 0) (i64.const -1) (i64.const -1) (i32.const 2304) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 2064)))
    (call $ping$resume (local.get $n) (i32.const 1)))
  (func $ping$resume (param $n i32) (param $first i32)
    (loop $again
      (if (i32.eqz (local.get $first))
        (then
          (drop (call $read_data (i32.const 2048) (i32.const 16)))
          (if (i64.ne (i64.load (i32.const 2056)) (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 1))) (then (unreachable)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.set $first (i32.const 0))
      (if (i32.eqz (local.get $n)) (then (call $kill (i64.load (i32.const 2064))) (return)))
      (call $put (i64.const 129) (call $process_id) (i64.extend_i32_u (local.get $n)))
      (drop (call $send_receive (i64.load (i32.const 2064)) (i64.const 129) (i64.const -1)))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then (i32.store (call $room (i32.const 1) (i32.const 12)) (local.get $n)) (return)))
      (br $again)))

  ;; tree(n, parent) tells parent how many processes are below it: n levels of two
  ;; children each. The parent 0 is the root of the tree: it traps if the sum is wrong.
  (func $tree (export "tree") (param $n i32) (param $parent i64)
    (if (i32.eqz (local.get $n))
      (then (call $sendTo (local.get $parent) (i64.const 0) (call $process_id) (i64.const 1)) (return)))
    (i32.store8 (i32.const 2400) (i32.const 0x7f))
    (i64.store (i32.const 2401) (i64.extend_i32_u (i32.sub (local.get $n) (i32.const 1))))
    (i32.store8 (i32.const 2417) (i32.const 0x7e))
    (i64.store (i32.const 2418) (call $process_id))
    (call $child) (call $child)
    (i64.store (i32.const 2440) (local.get $parent))
    (i64.store (i32.const 2448) (i64.const 0))
    (i32.store (i32.const 2456) (i32.const 2))
    (i64.store (i32.const 2464) (i64.shl (i64.const 1) (i64.extend_i32_u (local.get $n))))
    (call $relay$resume (i32.const 1)))
  (func $child
    (if (call $spawn (i64.const 5) (i64.const -1) (i64.const -1) (i32.const 2320) (i32.const 4) (i32.const 2400) (i32.const 34) (i32.const 2064))
      (then (unreachable))))
  ;; relay adds up the numbers of the messages that the process still expects (at
  ;; 2456), and passes the sum on.
  (func $relay$resume (param $first i32)
    (loop $again
      (if (i32.eqz (local.get $first))
        (then
          (drop (call $read_data (i32.const 2048) (i32.const 16)))
          (i64.store (i32.const 2448) (i64.add (i64.load (i32.const 2448)) (i64.load (i32.const 2056))))
          (i32.store (i32.const 2456) (i32.sub (i32.load (i32.const 2456)) (i32.const 1)))))
      (local.set $first (i32.const 0))
      (if (i32.eqz (i32.load (i32.const 2456)))
        (then
          (if (i64.ne (i64.load (i32.const 2448)) (i64.load (i32.const 2464))) (then (unreachable)))
          (if (i64.ne (i64.load (i32.const 2440)) (i64.const 0))
            (then (call $sendTo (i64.load (i32.const 2440)) (i64.const 0) (call $process_id) (i64.load (i32.const 2448)))))
          (return)))
      (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then (drop (call $room (i32.const 4) (i32.const 8))) (return)))
      (br $again)))

  ;; sleep(ms) sleeps and exits with code 3.
  (func $sleep (export "sleep") (param $ms i64)
    (call $sleep_ms (local.get $ms))
    (if (i32.lt_s (global.get $budget) (i32.const 0))
      (then (drop (call $room (i32.const 2) (i32.const 8))) (return)))
    (call $sleep$resume))
  (func $sleep$resume (call $proc_exit (i32.const 3)))

  ;; nap(ns) does the same through poll_oneoff; it exits with the number of events.
  (func $nap (export "nap") (param $ns i64)
    (local $errno i32)
    (i32.store8 (i32.const 2120) (i32.const 0))
    (i32.store (i32.const 2128) (i32.const 1))
    (i64.store (i32.const 2136) (local.get $ns))
    (local.set $errno (call $poll_oneoff (i32.const 2112) (i32.const 2176) (i32.const 1) (i32.const 2208)))
    (if (i32.lt_s (global.get $budget) (i32.const 0))
      (then (drop (call $room (i32.const 5) (i32.const 8))) (return)))
    (call $nap$resume (local.get $errno)))
  (func $nap$resume (param $errno i32)
    (if (local.get $errno) (then (unreachable)))
    (call $proc_exit (i32.load (i32.const 2208))))

  ;; stuck waits for a message with a pinned frame on the stack, n times.
  (func (export "stuck") (param $n i32)
    (loop $again
      (global.set $pinned (i32.add (global.get $pinned) (i32.const 1)))
      (drop (call $receive (i32.const 0) (i32.const 0) (i64.const -1)))
      (global.set $pinned (i32.sub (global.get $pinned) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; spin computes for ever; burn only for a while.
  (func (export "spin") (call $burn (i64.const -1)))
  (func $burn (export "burn") (param $n i64)
    (loop $again
      (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then (global.set $budget (global.get $slice)) (call $preempt)))
      (br_if $again (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0)))))

  ;; cat copies standard input to standard output.
  (func $cat (export "cat") (call $cat$resume (i32.const -1)))
  (func $cat$resume (param $errno i32)
    (loop $again
      (if (i32.ne (local.get $errno) (i32.const -1))
        (then
          (if (local.get $errno) (then (call $proc_exit (local.get $errno))))
          (if (i32.eqz (i32.load (i32.const 2096))) (then (return)))
          (i32.store (i32.const 2084) (i32.load (i32.const 2096)))
          (drop (call $fd_write (i32.const 1) (i32.const 2080) (i32.const 1) (i32.const 2100)))
          (i32.store (i32.const 2084) (i32.const 512))))
      (local.set $errno (call $fd_read (i32.const 0) (i32.const 2080) (i32.const 1) (i32.const 2096)))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then (drop (call $room (i32.const 3) (i32.const 8))) (return)))
      (br $again)))

  ;; Misuse.
  (func $badptr (export "badptr") (drop (call $read_data (i32.const 65530) (i32.const 16))))
  (func (export "badmem") (call $create_data (i64.const 0) (i64.const -1)) (drop (call $write_data (i32.const 65530) (i32.const 16))))
  (func $_start (export "_start") (call $ping (i32.const 10)) (unreachable))

  (func $__lunatic_resume (export "__lunatic_resume") (param $clone i32) (param $site i32) (param $r i64) (param $w0 i64) (param i64 i64 i64) (param $b i32) (param $f i32) (result i64 i32 i32)
    (local $n i32)
    (global.set $budget (local.get $b))
    (global.set $fp (local.get $f))
    (block $done (result i64)
      (block $nap (block $relay (block $cat (block $sleep (block $ping (block $echo
        (br_table $echo $ping $sleep $cat $relay $nap (local.get $clone)))
        (call $echo$resume (i32.const 0)) (br $done (i64.const 0)))
        (local.set $n (i32.wrap_i64 (local.get $w0)))
        (call $ping$resume (local.get $n) (i32.const 0)) (br $done (i64.const 0)))
        (call $sleep$resume) (br $done (i64.const 0)))
        (call $cat$resume (i32.wrap_i64 (local.get $r))) (br $done (i64.const 0)))
        (call $relay$resume (i32.const 0)) (br $done (i64.const 0)))
      (call $nap$resume (i32.wrap_i64 (local.get $r)))
      (i64.const 0)
    )
    (global.get $budget)
    (global.get $fp))
)
