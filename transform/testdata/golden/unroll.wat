;; build: --no-suspend
;; The body of a tiny loop is there twice, of one in another loop up to four times; each
;; copy keeps its exits, and one charge stands for all.
(module
  (memory 1)
  (func (export "until_zero") (param $p i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $next)))
    (local.get $p))
  (func (export "find") (param $p i32) (param $end i32) (param $c i32) (result i32)
    (block $end (result i32)
      (loop $again
        (loop $next
          (drop (br_if $end (local.get $p) (i32.eq (i32.load8_u (local.get $p)) (local.get $c))))
          (br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
        (br_if $again (local.tee $c (i32.shr_u (local.get $c) (i32.const 8)))))
      (i32.const -1)))
  ;; Not with calls, nor with two branches back.
  (func $two (export "two") (param $p i32)
    (loop $next
      (call $leaf)
      (br_if $next (local.tee $p (i32.sub (local.get $p) (i32.const 1)))))
    (loop $next
      (br_if $next (i32.load8_u (local.get $p)))
      (br_if $next (local.tee $p (i32.sub (local.get $p) (i32.const 1))))))
  (func $leaf))
