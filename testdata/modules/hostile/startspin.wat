;; A start function that does not end.
(module
  (func $s (loop (br 0)))
  (start $s)
  (func (export "_start")))
