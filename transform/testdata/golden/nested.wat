;; build: --preempt=off
;; Nested blocks that begin together, as compilers make of a switch: one dispatch.
(module
  (import "env" "wait" (func $wait (result i32)))
  (memory 1)
  (func (export "switch") (param $c i32) (result i32)
    (block $two
      (block $one
        (block $zero
          (br_table $zero $one $two (i32.add (local.get $c) (call $wait))))
        (local.set $c (call $wait)))
      (local.set $c (i32.add (local.get $c) (call $wait))))
    (i32.add (local.get $c) (call $wait))))
