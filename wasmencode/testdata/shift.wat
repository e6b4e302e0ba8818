;; One function index in every place that can hold one.
(module $shift
  (type $i (func (result i32)))
  (type $at (func (param i32) (result i32)))
  (type $v (func))
  (import "env" "base" (func $base (type $i)))
  (table $t 8 funcref)
  (memory 1)
  (tag $e (type $v))
  (global $gf funcref (ref.func $two))
  (global $started (mut i32) (i32.const 0))
  (export "two" (func $two))
  (export "base" (func $base))
  (export "t" (table $t))
  (start $init)
  (elem (table $t) (i32.const 0) func $one $two)
  (elem (table $t) (i32.const 2) funcref (ref.func $three) (ref.null func))
  (elem $pass func $three)
  (elem $passExpr funcref (ref.func $four))
  (elem declare func $four)
  (func $one (type $i) i32.const 1)
  (func $two (type $i) i32.const 2)
  (func $three (type $i) i32.const 3)
  (func $four (type $i) i32.const 4)
  (func $init i32.const 7 global.set $started)
  (func (export "direct") (type $i)
    (local $sum i32)
    call $base
    call $one
    i32.add
    local.set $sum
    (block $out (br $out))
    local.get $sum)
  (func (export "tail") (type $i) return_call $three)
  (func $at (export "at") (type $at) local.get 0 call_indirect (type $i))
  (func (export "tailAt") (type $at) local.get 0 return_call_indirect (type $i))
  (func (export "global") (type $i)
    i32.const 7 global.get $gf table.set $t
    i32.const 7 call $at)
  (func (export "refFunc") (type $i)
    i32.const 6 ref.func $four table.set $t
    i32.const 6 call $at)
  (func (export "passive") (type $i)
    i32.const 5 i32.const 0 i32.const 1 table.init $pass
    i32.const 5 call $at)
  (func (export "passiveExpr") (type $i)
    i32.const 5 i32.const 0 i32.const 1 table.init $passExpr
    i32.const 5 call $at)
  (func (export "started") (type $i) global.get $started)
  (func (export "data") (type $i)
    i32.const 0 i32.const 0 i32.const 1 memory.init $d
    i32.const 0 i32.load8_u)
  (data $d "\2a"))
