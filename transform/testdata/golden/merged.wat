;; build: --no-suspend
;; The loop of an interpreter: many back edges, from a br_table. They get one latch.
(module
  (memory 1)
  (func (export "run") (param $ip i32) (result i32)
    (local $acc i32)
    (loop $next
      (local.set $ip (i32.add (local.get $ip) (i32.const 1)))
      (block $halt
        (block $dec
          (block $inc
            (br_table $inc $dec $next $halt (i32.load8_u (local.get $ip))))
          (local.set $acc (i32.add (local.get $acc) (i32.const 1)))
          (br $next))
        (local.set $acc (i32.sub (local.get $acc) (i32.const 1)))
        (br $next)))
    (local.get $acc)))
