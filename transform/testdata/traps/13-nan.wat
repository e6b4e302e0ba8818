;; Bits of NaNs and the upper halves of i64 survive.
(module
  (import "env" "block" (func $block))
  (import "env" "block_wide" (func $wide (param i64 f64) (result i64)))
  (memory (export "memory") 1)
  (func (export "bits") (param $f f32) (param $d f64) (param $i i64) (result f32 f64 i64 i32 i64)
    (call $block)
    (local.get $f) (local.get $d) (local.get $i)
    (i32.reinterpret_f32 (local.get $f)) (i64.reinterpret_f64 (local.get $d))
    (call $block))
  (func (export "signalling") (result f32 f64 i64)
    (f32.const nan:0x200001) (f64.const -nan:0x4000000000001)
    (call $wide (i64.const 0xfedcba9876543210) (f64.const nan:0x4000000000003))
    (call $block)))
