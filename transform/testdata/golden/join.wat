;; build: --preempt=off
;; Four neighbouring sites of the clone meet at a join before they go back to its dispatch.
;; The block with one site has its label before the sites in front of it.
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (func (export "sum") (param $a i32) (param $b i32) (result i32)
    (local.set $a (i32.add (local.get $a) (call $wait (i32.const 1))))
    (local.set $a (i32.add (local.get $a) (call $wait (i32.const 2))))
    (block $skip
      (br_if $skip (i32.gt_u (local.get $a) (local.get $b)))
      (local.set $b (call $wait (i32.const 3)))
    )
    (local.set $a (i32.add (local.get $a) (call $wait (i32.const 4))))
    (local.set $a (i32.sub (local.get $a) (call $wait (i32.const 5))))
    (i32.mul (local.get $a) (local.get $b))))
