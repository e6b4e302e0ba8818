;; The host calls a suspending import that the module exports again.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (export "again" (func $c))
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (elem (i32.const 0) $c)
  (func (export "wrapped") (param i32) (result i32) (i32.add (call $c (local.get 0)) (i32.const 1))))
