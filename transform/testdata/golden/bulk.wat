;; build: --no-suspend --all
;; A bulk instruction is charged by its length, unless that is known to be small. The
;; functions that every artifact has are shown here, too.
(module
  (memory 1)
  (func (export "fill") (param $n i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 64))))
