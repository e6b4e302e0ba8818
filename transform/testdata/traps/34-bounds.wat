;; Accesses with rising offsets at the end of memory, with something between that can be seen.
(module
  (import "env" "block_i32" (func $block (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $seen (export "g1") (mut i32) (i32.const 0))
  (data (i32.const 65520) "\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\10")

  (func (export "rising") (param $p i32) (result i32)
    (i32.add
      (i32.add (i32.load (local.get $p)) (i32.load8_u offset=4 (local.get $p)))
      (i32.wrap_i64 (i64.load offset=5 (local.get $p)))))

  (func (export "stored") (param $p i32) (result i32)
    (local $v i32)
    (local.set $v (i32.load (local.get $p)))
    (i32.store (i32.const 16) (i32.const 1))
    (i32.add (local.get $v) (i32.load offset=8 (local.get $p))))

  (func (export "twice") (param $p i32)
    (i32.store (local.get $p) (i32.const 77))
    (i32.store offset=4 (local.get $p) (i32.const 78))
    (i32.store offset=8 (local.get $p) (i32.const 79)))

  (func (export "last") (param $p i32)
    (i64.store offset=8 (local.get $p) (i64.load (local.get $p))))

  (func (export "set") (param $p i32) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.load (local.get $p))))
    (i32.load offset=8 (local.get $p)))

  (func (export "called") (param $p i32) (result i32)
    (i32.add (call $block (i32.load (local.get $p))) (i32.load offset=8 (local.get $p))))

  ;; A trap of another kind comes first: address 0 has a zero.
  (func (export "divided") (param $p i32) (result i32)
    (i32.add (i32.div_u (i32.const 1) (i32.and (i32.load8_u (local.get $p)) (i32.const 1)))
      (i32.load offset=8 (local.get $p))))
  (func (export "cut") (param $p i32) (result i32)
    (i32.add
      (i32.trunc_f32_s (f32.div (f32.load (local.get $p)) (f32.const 0)))
      (i32.load offset=8 (local.get $p))))
  (func (export "ends") (param $p i32) (result i32)
    (drop (i32.load (local.get $p)))
    (if (i32.and (local.get $p) (i32.const 1)) (then (unreachable)))
    (i32.load offset=8 (local.get $p)))

  ;; The second access is not made.
  (func (export "branch") (param $p i32) (result i32)
    (block $out
      (br_if $out (i32.load (local.get $p)))
      (return (i32.load offset=8 (local.get $p))))
    (i32.const 5))
  (func (export "arms") (param $p i32) (result i32)
    (if (result i32) (i32.load (local.get $p))
      (then (i32.load offset=4 (local.get $p)))
      (else (i32.load offset=8 (local.get $p)))))

  ;; Another value of the same local, before and after its address is taken.
  (func (export "other") (param $p i32) (result i32)
    (local $v i32)
    (local.set $v (i32.load (local.get $p)))
    (local.set $v (i32.add (local.get $v) (i32.load offset=4 (local.tee $p (i32.sub (local.get $p) (i32.const 16))))))
    (i32.add (i32.load offset=12 (local.get $p)) (local.get $v)))
  (func (export "taken") (param $p i32) (result i32)
    (i32.load offset=8 (i32.add (local.get $p)
      (i32.sub (i32.load offset=4 (local.get $p) (local.set $p (i32.const 0)))
        (i32.load offset=4 (local.get $p))))))

  (func (export "walk") (param $p i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum)
        (i32.add (i32.load (local.get $p)) (i32.load16_u offset=4 (local.get $p)))))
      (local.set $p (i32.add (local.get $p) (i32.const 5)))
      (br_if $next (i32.lt_u (local.get $p) (i32.const 65530))))
    (local.get $sum))

  ;; Offsets at the end of the address space, operands below a block.
  (func (export "far") (param $p i32) (result i32)
    (i32.add (i32.load (local.get $p)) (i32.load offset=4294967295 (local.get $p))))
  (func (export "below") (param $p i32) (result i32)
    (local.get $p)
    (block (drop (i32.load (local.get $p))))
    (i32.load offset=8)
    (drop)
    (local.get $p)
    (local.set $p (i32.const 3))
    (i32.load offset=9)))
