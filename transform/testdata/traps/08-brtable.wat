;; An interpreter's loop: br_table to loops, to exits and to a default, with values.
(module
  (import "env" "block_i32" (func $c (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\00\01\02\00\03\02\01\00\02\02\01\07")
  (func (export "run") (param $acc i32) (result i32) (local $pc i32) (local $n i32)
    (block $halt (result i32)
      local.get $acc
      (loop $next (param i32) (result i32)
        (local.set $acc)
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $halt (local.get $acc) (i32.gt_u (local.get $n) (i32.const 40)))
        (block $two (block $one (block $zero
          (br_table $zero $one $two $two
            (i32.load8_u (local.get $pc)))))
          (; zero ;)
          (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
          (br $next (i32.add (local.get $acc) (call $c (local.get $pc)))))
        (; one and two ;)
        (local.set $pc (i32.rem_u (i32.add (local.get $pc) (i32.const 1)) (i32.const 12)))
        (i32.xor (local.get $acc) (call $c (i32.const 2)))
        (br_table $next $halt $next (i32.eq (local.get $pc) (i32.const 11)))))))
