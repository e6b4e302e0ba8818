;; One of each kind of immediate, for the dump.
(module
  (type $pair (func (param i32) (result i32 i32)))
  (memory 1)
  (table $t 2 funcref)
  (table $u 2 externref)
  (global $g (mut i64) (i64.const -1))
  (tag $e (param i32))
  (elem $el (table $t) (i32.const 0) func $leaf)
  (func $leaf)
  (func $control (param i32) (result i32)
    (local i32 f64 f64)
    (block $out
      (loop $again (br_if $again (local.get 0)) (br_table $out $again $out (local.get 1))))
    (if (result i32) (local.get 0) (then (i32.const -7)) (else (i32.const 8)))
    (block (param i32) (result i32 i32) (i32.const 1) (call_indirect $t (type $pair)))
    i32.add
    call $leaf)
  (func $data
    (drop (v128.const i32x4 1 2 3 4))
    (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i64x2 0 0) (v128.const i64x2 0 0)))
    (drop (f32.const nan:0x200001))
    (drop (f64.const -0.5))
    (drop (i64.const -9223372036854775808))
    (drop (i32x4.extract_lane 3 (v128.const i64x2 0 0)))
    (drop (i32.load offset=16 align=1 (i32.const 0)))
    (i64.store (i32.const 0) (i64.const 1))
    (drop (v128.load8_lane offset=3 5 (i32.const 0) (v128.const i64x2 0 0)))
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))
    (data.drop $d)
    (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))
    (table.init $t $el (i32.const 0) (i32.const 0) (i32.const 0))
    (table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))
    (drop (select (result externref) (ref.null extern) (table.get $u (i32.const 0)) (i32.const 1)))
    (global.set $g (i64.const 3)))
  (func $throws
    i32.const 1
    throw $e)
  (data $d ""))
