;; References chosen by select.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (import "env" "block_extern" (func $e (param externref) (result externref)))
  (import "env" "see_refs" (func $see (param externref funcref) (result i32)))
  (memory (export "memory") 1)
  (func $f (export "choose") (param $a externref) (param $b externref) (param $i i32) (result externref i32)
    (local $x externref) (local $y funcref)
    (local.set $x (select (result externref) (local.get $a) (local.get $b) (call $c (local.get $i))))
    (local.set $i (i32.and (call $c (i32.const 1)) (i32.const 1)))
    (local.set $y (select (result funcref) (ref.func $f) (ref.null func) (local.get $i)))
    (drop (call $c (local.get $i)))
    (drop (call $see (local.get $x) (local.get $y)))
    (select (result externref) (call $e (local.get $x)) (local.get $b) (i32.const 1))
    (i32.add (ref.is_null (local.get $x)) (i32.mul (i32.const 2) (ref.is_null (local.get $y)))))
  ;; The reference on the stack at the call has a type that no table can give back.
  (func (export "pinned") (param $i i32) (result i32)
    (ref.is_null (select (result funcref) (ref.func $f) (ref.null func) (i32.and (call $c (local.get $i)) (i32.const 1)))))
  (elem declare func $f))
