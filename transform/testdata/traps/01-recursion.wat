;; The same function many times among the frames, suspended at every leaf.
(module
  (import "env" "block_i32" (func $block (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $ackermann (export "ackermann") (param $m i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $m))
      (then (return (i32.add (local.get $n) (i32.add (i32.const 1) (i32.eqz (call $block (local.get $n))))))))
    (if (i32.eqz (local.get $n))
      (then (return (call $ackermann (i32.sub (local.get $m) (i32.const 1)) (i32.const 1)))))
    (call $ackermann (i32.sub (local.get $m) (i32.const 1))
      (call $ackermann (local.get $m) (i32.sub (local.get $n) (i32.const 1)))))
  ;; Walks a binary tree of a depth; the sum depends on every local after every resume.
  (func $walk (export "walk") (param $depth i32) (param $path i32) (result i32) (local $left i32)
    (if (result i32) (local.get $depth)
      (then
        (local.set $left (call $walk (i32.sub (local.get $depth) (i32.const 1)) (i32.shl (local.get $path) (i32.const 1))))
        (i32.xor
          (call $walk (i32.sub (local.get $depth) (i32.const 1)) (i32.or (i32.shl (local.get $path) (i32.const 1)) (i32.const 1)))
          (i32.rotl (local.get $left) (local.get $depth))))
      (else (i32.add (call $block (local.get $path)) (local.get $path)))))
  (func $deep (export "deep") (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (i32.add (call $deep (i32.sub (local.get $n) (i32.const 1))) (local.get $n)))
      (else (call $block (i32.const 7)))))
  (func $endless (export "endless") (param $n i32) (result i32)
    (drop (call $block (local.get $n)))
    (i32.add (i32.const 1) (call $endless (i32.add (local.get $n) (i32.const 1))))))
