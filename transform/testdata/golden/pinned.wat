;; build: --preempt=off
;; A typed reference that is live at a call cannot be saved: the function is pinned.
;; assembler: binaryen@132.0.0 wasm-as -all -g
(module
  (type $t (func (result i32)))
  (import "env" "wait" (func $wait))
  (memory 1)
  (elem declare func $one)
  (func $one (type $t) (i32.const 1))
  (func (export "pinned") (result i32)
    (local $f (ref null $t))
    (local.set $f (ref.func $one))
    (call $wait)
    (call_ref $t (local.get $f))))
