;; build: --no-suspend --all
;; A bulk instruction is charged by its length, unless that is known to be small. The
;; functions that every artifact has are shown here, too. A loop with such a charge does not
;; keep the budget in a local, which would undo it; one without may.
(module
  (memory 1)
  (func (export "fill") (param $n i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 64)))
  (func (export "often") (param $n i32)
    loop $l
      (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
    end)
  (func (export "small") (param $n i32)
    loop $l
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 64))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
    end))
