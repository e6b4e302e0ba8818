;; build: --preempt=off --no-suspend
;; Loads through one local with rising offsets: the furthest is probed first, in place of a
;; check for each.
(module
  (memory 1)
  (global $g (mut i32) (i32.const 0))
  (func (export "sum") (param $p i32) (result i32)
    (i32.add
      (i32.add (i32.load offset=4 (local.get $p)) (i32.load offset=8 (local.get $p)))
      (i32.load16_u offset=16 (local.get $p))))
  ;; A store may be what is probed for, if nothing has been stored before.
  (func (export "move") (param $p i32)
    (local.set $p (i32.add (local.get $p) (i32.const 16)))
    (i32.store offset=4 (local.get $p) (i32.load (local.get $p)))
    (i32.store offset=8 (local.get $p) (i32.const 0)))
  ;; Falling offsets need no probe; nor may there be one where a change can be seen between.
  (func (export "none") (param $p i32) (result i32)
    (drop (i32.add (i32.load offset=8 (local.get $p)) (i32.load (local.get $p))))
    (global.set $g (i32.const 1))
    (i32.load offset=20 (local.get $p))))
