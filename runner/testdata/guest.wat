;; An artifact written by hand, as lunatic-build would write it: the contract of
;; rtlib, for tests of the runtime alone. Sites and clones:
;;
;;   clone 0  $deep   site 0 (wait; acc is live), site 1 ($deep; n is live)
;;   clone 1  $serve  site 2 (wait, nothing is live), site 3 ($serve; depth is live)
;;   clone 2  $add    site 4 (pair; k is live)
;;   clone 3  $late   site 5 (wait, nothing is live)
(module
  (import "test" "wait" (func $wait (param i32) (result i64)))
  (import "test" "pair" (func $pair (result i64 i64)))
  (import "lunatic::rt" "preempt" (func $preempt))
  (import "lunatic::rt" "window" (func $window))
  (memory (export "memory") 1)
  (data (i32.const 0) "these bytes are the guest's own, whatever is lent for a while: 0123456789abcdefghijklmnopqrstuvwxyz")
  (global $budget (export "__lunatic_budget") (mut i32) (i32.const 0))
  (global $slice (export "__lunatic_slice") (mut i32) (i32.const 1000))
  (global $fp (export "__lunatic_fp") (mut i32) (i32.const 0))
  (global $pinned (export "__lunatic_pinned") (mut i32) (i32.const 0))
  (global $w0 (mut i64) (i64.const 0))
  (global $r1 (export "__lunatic_r1") (mut i64) (i64.const 0))

  ;; Makes room for a frame of size bytes and writes its header.
  (func $room (param $site i32) (param $size i32) (result i32)
    (local $at i32)
    (if (i32.lt_u (global.get $fp) (local.get $size)) (then (call $window)))
    (global.set $fp (local.tee $at (i32.sub (global.get $fp) (local.get $size))))
    (i32.store (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 8)) (local.get $site))
    (i32.store (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 4)) (local.get $size))
    (local.get $at))

  ;; deep(0, acc) = wait(7) + acc;  deep(n, acc) = deep(n-1, acc+1)*2 + n
  (func $deep (export "deep") (param $n i32) (param $acc i64) (result i64)
    (local $x i64)
    (if (i32.eqz (local.get $n))
      (then
        (local.set $x (call $wait (i32.const 7)))
        (if (i32.lt_s (global.get $budget) (i32.const 0))
          (then
            (i64.store (call $room (i32.const 0) (i32.const 16)) (local.get $acc))
            (return (i64.const 99))))
        (return (i64.add (local.get $x) (local.get $acc)))))
    (local.set $x (call $deep (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $acc) (i64.const 1))))
    (if (i32.lt_s (global.get $budget) (i32.const 0))
      (then
        (i32.store (call $room (i32.const 1) (i32.const 12)) (local.get $n))
        (return (i64.const 98))))
    (i64.add (i64.mul (local.get $x) (i64.const 2)) (i64.extend_i32_u (local.get $n))))

  (func $deep$resume (param $site i32) (param $r i64) (result i64)
    (local $n i32) (local $acc i64)
    (if (i32.eqz (local.get $site))
      (then
        (local.set $acc (global.get $w0))
        (return (i64.add (local.get $r) (local.get $acc)))))
    (local.set $n (i32.wrap_i64 (global.get $w0)))
    (i64.add (i64.mul (local.get $r) (i64.const 2)) (i64.extend_i32_u (local.get $n))))

  ;; serve(depth) waits until it is given 0, depth frames down; it returns depth.
  (func $serve (export "serve") (param $depth i32) (result i32)
    (local $x i32)
    (if (local.get $depth)
      (then
        (local.set $x (call $serve (i32.sub (local.get $depth) (i32.const 1))))
        (if (i32.lt_s (global.get $budget) (i32.const 0))
          (then
            (i32.store (call $room (i32.const 3) (i32.const 12)) (local.get $depth))
            (return (i32.const 97))))
        (return (i32.add (local.get $x) (i32.const 1)))))
    (loop $again
      (local.set $x (i32.wrap_i64 (call $wait (i32.const 1))))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then
          (drop (call $room (i32.const 2) (i32.const 8)))
          (return (i32.const 96))))
      (br_if $again (local.get $x)))
    (i32.const 0))

  (func $serve$resume (param $site i32) (param $r i64) (result i32)
    (local $depth i32) (local $x i32)
    (if (i32.eq (local.get $site) (i32.const 3))
      (then
        (local.set $depth (i32.wrap_i64 (global.get $w0)))
        (return (i32.add (i32.wrap_i64 (local.get $r)) (i32.const 1)))))
    (local.set $x (i32.wrap_i64 (local.get $r)))
    (loop $again
      (if (local.get $x)
        (then
          (local.set $x (i32.wrap_i64 (call $wait (i32.const 1))))
          (if (i32.lt_s (global.get $budget) (i32.const 0))
            (then
              (drop (call $room (i32.const 2) (i32.const 8)))
              (return (i32.const 95))))
          (br $again))))
    (i32.const 0))

  ;; add(k) = a - b + k for the two results of pair
  (func $add (export "add") (param $k i64) (result i64)
    (local $a i64) (local $b i64)
    (call $pair)
    (local.set $b) (local.set $a)
    (if (i32.lt_s (global.get $budget) (i32.const 0))
      (then
        (i64.store (call $room (i32.const 4) (i32.const 48)) (local.get $k)) ;; too large for words
        (return (i64.const 94))))
    (i64.add (i64.sub (local.get $a) (local.get $b)) (local.get $k)))

  (func $add$resume (param $site i32) (param $r i64) (result i64)
    (local $k i64)
    (local.set $k (i64.load (i32.const 0)))
    (call $window)
    (i64.add (i64.sub (local.get $r) (global.get $r1)) (local.get $k)))

  ;; late traps after it has been resumed.
  (func $late (export "late")
    (drop (call $wait (i32.const 2)))
    (if (i32.lt_s (global.get $budget) (i32.const 0))
      (then (drop (call $room (i32.const 5) (i32.const 8))) (return)))
    (unreachable))

  (func $late$resume (param $site i32) (param $r i64)
    (unreachable))

  ;; A call in tail position needs no frame.
  (func (export "tail") (result i64)
    (call $wait (i32.const 3)))

  ;; Its results go through r1 when it was suspended.
  (func (export "tailpair") (result i64 i64)
    (call $pair))

  ;; pin waits with a pinned frame on the stack.
  (func (export "pin") (result i64)
    (local $x i64)
    (global.set $pinned (i32.add (global.get $pinned) (i32.const 1)))
    (local.set $x (call $wait (i32.const 4)))
    (global.set $pinned (i32.sub (global.get $pinned) (i32.const 1)))
    (local.get $x))

  ;; spin burns n reductions, preempted like any loop.
  (func (export "spin") (param $n i32)
    (loop $again
      (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))
      (if (i32.lt_s (global.get $budget) (i32.const 0))
        (then (global.set $budget (global.get $slice)) (call $preempt)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func $__lunatic_resume (export "__lunatic_resume") (param $clone i32) (param $site i32) (param $r i64) (param $w0 i64) (param i64 i64 i64) (param $b i32) (param $f i32) (result i64 i32 i32)
    (global.set $budget (local.get $b))
    (global.set $fp (local.get $f))
    (block $done (result i64)
      (global.set $w0 (local.get $w0))
      (block $late (block $add (block $serve (block $deep
        (br_table $deep $serve $add $late (local.get $clone)))
        (br $done (call $deep$resume (local.get $site) (local.get $r))))
        (br $done (i64.extend_i32_u (call $serve$resume (local.get $site) (local.get $r)))))
        (br $done (call $add$resume (local.get $site) (local.get $r))))
      (call $late$resume (local.get $site) (local.get $r))
      (i64.const 0)
    )
    (global.get $budget)
    (global.get $fp))
)
