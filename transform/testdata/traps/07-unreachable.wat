;; Code that cannot run, with operands of no particular type.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "after") (param $x i32) (result i32)
    (block $b (result i32)
      local.get $x
      call $c
      br $b
      call $c
      i32.add
      (if (result i32) (then (call $c (i32.const 1))) (else (unreachable) (call $c)))
      (loop (param i32) (result i32) call $c br 0)
      select
      return)
    (if (i32.gt_u (local.get $x) (i32.const 1000000)) (then unreachable call $c drop))
    return
    (block (br 0) (drop (call $c (i32.const 3))))
    call $c
    i32.eqz)
  (func (export "conditions") (param $x i32) (result i32)
    (block $a (result i32)
      (if (result i32) (br $a (call $c (local.get $x)))
        (then (i32.const 1)) (else (call $c (i32.const 2))))
      (drop)
      (br_if $a (unreachable) (call $c (i32.const 3)))
      (br_table $a $a (call $c (i32.const 4)) (i32.const 0))))
  (func (export "arms") (param $x i32) (result i32)
    (if (result i32) (local.get $x)
      (then (return (call $c (i32.const 5))))
      (else (call $c (i32.const 6)) (return) (drop) (i32.const 9)))))
