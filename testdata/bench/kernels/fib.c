// Recursion with nothing but calls.
#include "kernel.h"

static NOINLINE i32 fib(i32 n) {
	if (n < 2) {
		if (COLD(n < 0)) return blocked(n); // cold
		return n;
	}
	return fib(n - 1) + fib(n - 2);
}

KERNEL(33, 26) { return fib(n); }
