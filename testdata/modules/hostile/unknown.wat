;; Imports that there are not.
(module
  (import "lunatic::process" "no_such_function" (func))
  (func (export "_start") (call 0)))
