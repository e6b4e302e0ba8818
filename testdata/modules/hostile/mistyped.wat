;; An import of another type than the host's.
(module
  (import "lunatic::process" "sleep_ms" (func (param i32)))
  (func (export "_start") (call 0 (i32.const 1))))
