;; Exports a name that belongs to the artifact.
(module
  (memory (export "memory") 1)
  (global (export "__lunatic_budget") (mut i32) (i32.const 0))
  (func (export "f")))
