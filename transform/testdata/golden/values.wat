;; build: --preempt=off
;; A v128 and an externref that are live at a site: the reference goes to a table.
(module
  (import "env" "wait" (func $wait))
  (import "env" "use" (func $use (param v128 externref)))
  (memory 1)
  (func (export "values") (param $v v128) (param $x externref)
    (call $wait)
    (call $use (local.get $v) (local.get $x))))
