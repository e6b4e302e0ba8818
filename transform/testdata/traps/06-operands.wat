;; Operands that wait on the stack below a call, also under blocks with parameters.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (import "env" "block" (func $block))
  (memory (export "memory") 1)
  (func (export "below") (param $a i32) (param $b i64) (result i32)
    local.get $a
    local.get $b
    i32.const 5
    i32.const 3
    call $c
    i32.add
    i64.extend_i32_s
    i64.mul
    i32.wrap_i64
    i32.sub)
  (func (export "arms") (param $a i32) (param $which i32) (result i32 i32)
    local.get $a
    (i32.mul (local.get $a) (i32.const 7))
    local.get $which
    (if (param i32) (result i32)
      (then  i32.const 100  call $c  i32.add)
      (else  call $block  i32.const 1  i32.const 200  call $c  i32.mul  i32.sub))
    call $block)
  (func (export "nested") (param $a f64) (param $b i32) (result f64)
    local.get $a
    f64.const 0.5
    (block $out (param f64 f64) (result f64)
      local.get $b
      (loop (param f64 f64 i32) (result f64)
        call $c
        f64.convert_i32_s
        f64.add
        call $block
        f64.mul
        local.get $b
        i32.eqz
        br_if $out
        call $block))))
