;; Branches under comparisons to labels of every kind, with and without operands.
(module
  (import "env" "block_i32" (func $block (param i32) (result i32)))
  (type $pair (func (result i32 i64)))
  (memory (export "memory") 1)
  (global $seen (export "g1") (mut i32) (i32.const 0))
  (func $note (param $n i32)
    (global.set $seen (i32.add (i32.mul (global.get $seen) (i32.const 31)) (local.get $n))))

  ;; To a block with a result, from both arms of an if with one, and to the function.
  (func $results (export "results") (param $n i32) (result i32)
    (i32.add
      (block $b (result i32)
        (drop (br_if $b (i32.const 100) (i32.eq (local.get $n) (i32.const 0))))
        (drop (br_if $b (call $block (local.get $n)) (i32.eq (local.get $n) (i32.const 1))))
        (if $i (result i32) (i32.gt_u (local.get $n) (i32.const 5))
          (then
            (drop (br_if $i (i32.const 200) (i32.eq (local.get $n) (i32.const 6))))
            (call $note (local.get $n))
            (br_if $i (call $block (i32.const 300)) (i32.eq (local.get $n) (i32.const 7))))
          (else
            (drop (br_if $i (i32.const 400) (i32.eq (local.get $n) (i32.const 2))))
            (drop (br_if $b (i32.const 500) (i32.eq (local.get $n) (i32.const 3))))
            (call $note (i32.const 9))
            (br_if 2 (i32.const 600) (i32.eq (local.get $n) (i32.const 4)))
            (drop) (i32.const 700))))
      (i32.const 1)))

  ;; Two results through a type, operands below, and a table that leads to the same labels.
  (func $pairs (export "pairs") (param $n i32) (result i64)
    (local $a i32) (local $b i64)
    (i64.const 7)
    (block $p (type $pair)
      (br_if $p (i32.const 1) (i64.const 2) (i32.eqz (local.get $n)))
      (br_if $p (i64.lt_s (i64.extend_i32_s (call $block (local.get $n))) (i64.const 0)))
      (drop) (drop)
      (block $void
        (br_if $void (f64.lt (f64.convert_i32_s (local.get $n)) (f64.const 3)))
        (block $table
          (br_if $table (i32.eq (local.get $n) (i32.const 4)))
          (br_table $table $void $table (i32.and (local.get $n) (i32.const 1))))
        (call $note (i32.const 5)))
      (i32.const 3) (i64.const 4))
    (local.set $b) (local.set $a)
    (i64.add (i64.mul (i64.extend_i32_s (local.get $a)) (local.get $b))))

  ;; Loops: back edges, exits, what comes before a dead end, a site in each round.
  (func $loops (export "loops") (param $n i32) (result i32)
    (local $i i32)
    (block $out
      (loop $next
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (call $note (call $block (local.get $i)))
        (block $skip
          (br_if $skip (i32.lt_u (i32.and (local.get $i) (i32.const 3)) (i32.const 2)))
          (br_if $next (i32.eq (local.get $i) (i32.const 3)))
          (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
          (call $note (local.get $i)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 9)))
        (br_if $out (i32.ge_s (local.get $i) (i32.const 20)))
        (br $next)))
    (block $dead
      (br_if $dead (i32.gt_u (local.get $i) (i32.const 12)))
      (br_if $dead (i32.eq (local.get $i) (i32.const 11)))
      (return (i32.const -1)))
    (local.get $i))

  ;; An if without else, whose false way leads to the same label; a trap on one of the ways.
  (func $ifs (export "ifs") (param $n i32) (result i32)
    (if $i (i32.ne (local.get $n) (i32.const 1))
      (then
        (br_if $i (i32.eq (local.get $n) (i32.const 2)))
        (call $note (call $block (local.get $n)))
        (br_if $i (i32.lt_s (local.get $n) (i32.const 5)))
        (drop (i32.div_u (i32.const 1) (i32.sub (local.get $n) (i32.const 5))))
        (call $note (i32.const 8))))
    (global.get $seen))

  ;; The function's own label without a result.
  (func $void (param $n i32)
    (br_if 0 (i32.eqz (local.get $n)))
    (call $note (call $block (local.get $n)))
    (br_if 0 (i32.eq (local.get $n) (i32.const 2)))
    (call $note (i32.const 77)))
  (func (export "void") (param $n i32) (result i32)
    (call $void (local.get $n))
    (global.get $seen))

  ;; Vectors and references.
  (func $vector (param $n i32) (result v128)
    (br_if 0 (i32x4.splat (call $block (local.get $n))) (i32.lt_u (local.get $n) (i32.const 2)))
    (block $b (param v128) (result v128)
      (br_if $b (i32.eq (local.get $n) (i32.const 3)))
      (i32x4.add (i32x4.splat (i32.const 1)))))
  (func (export "vector") (param $n i32) (result i32)
    (i32x4.extract_lane 2 (call $vector (local.get $n))))
  (func $ref (param $n i32) (result funcref)
    (block $b (result funcref)
      (br_if $b (ref.func $ref) (i32.eqz (call $block (local.get $n))))
      (br_if $b (ref.null func) (i32.lt_u (local.get $n) (i32.const 2)))
      (drop) (drop) (ref.func $ref)))
  (elem declare func $ref)
  (func (export "ref") (param $n i32) (result i32)
    (ref.is_null (call $ref (local.get $n)))))
