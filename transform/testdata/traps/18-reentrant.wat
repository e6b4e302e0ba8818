;; The host calls an export from within a host call.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (import "env" "see" (func $see (param i32)))
  (memory (export "memory") 1)
  (global $depth (export "g1") (mut i32) (i32.const 0))
  (func (export "outer") (param $x i32) (result i32)
    (call $see (local.get $x))               ;; the host calls inner
    (i32.add (call $c (local.get $x)) (global.get $depth)))
  (func (export "inner") (param $x i32) (result i32)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (i32.mul (call $c (local.get $x)) (i32.const 2))))
