// wasi-libc has none; port.h does without.
