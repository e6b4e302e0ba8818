;; build: --preempt=off
;; Exceptions are lowered to a budget below zero and branches; the check behind the call
;; is the one for unwinding.
;; assembler: wabt@1.0.39 wat2wasm --enable-all --debug-names
(module
  (import "env" "wait" (func $wait (result i32)))
  (memory 1)
  (tag $t (param i32))
  (func $thrower (result i32)
    (if (call $wait) (then (throw $t (i32.const 7))))
    (i32.const 1))
  (func (export "catch") (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $t $h)
        (call $thrower)))))
