;; Turned into an artifact by hand: see hostile_test.go. It says that it was built, but does
;; not count its loop.
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop (br 0))))
