;; The table's element is replaced while its function is suspended: the old function
;; goes on, the next call gets the new one.
(module
  (type $t (func (param i32) (result i32)))
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (table $table 2 4 funcref)
  (elem (i32.const 0) $old $new)
  (elem $more func $new $old)
  (func $old (param i32) (result i32)
    (table.set $table (i32.const 0) (table.get $table (i32.const 1)))
    (drop (table.grow $table (ref.null func) (i32.const 1)))
    (elem.drop $more)
    (i32.add (call $c (local.get 0)) (i32.const 1000)))
  (func $new (param i32) (result i32) (i32.add (call $c (local.get 0)) (i32.const 2000)))
  (func (export "twice") (param i32) (result i32)
    (i32.add
      (call_indirect (type $t) (local.get 0) (i32.const 0))
      (i32.mul (call_indirect (type $t) (local.get 0) (i32.const 0)) (i32.const 3)))))
