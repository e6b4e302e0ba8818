;; A memory of two pages; the exit code is what memory.grow has answered.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (func (export "grow") (param i32)
    (call $exit (memory.grow (local.get 0)))))
