;; Small programs for every small slice: loops, recursion, bulk memory.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (i32.lt_u (local.get $n) (i32.const 2)) (then (return (local.get $n))))
    (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))
  (func (export "loops") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $s i32)
    (block $done
      (loop $outer
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $j (i32.const 0))
        (loop $inner
          (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.xor (local.get $i) (local.get $j))))
          (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
        (memory.fill (i32.const 0) (local.get $s) (i32.const 5000))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (drop (call $c (local.get $s)))
        (br $outer)))
    (i32.add (local.get $s) (i32.load (i32.const 4096)))))
