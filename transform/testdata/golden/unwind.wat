;; build: --preempt=unwind
;; The end of a slice is a site of its own where it may unwind.
(module
  (memory 1)
  (func (export "count") (param $n i32)
    (loop $next
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
