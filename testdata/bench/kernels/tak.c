// Takeuchi's function: recursion with three arguments.
#include "kernel.h"

static NOINLINE i32 tak(i32 x, i32 y, i32 z) {
	if (y >= x) {
		if (COLD(x < -1000)) return blocked(x); // cold
		return z;
	}
	return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

KERNEL(20, 16) {
	u64 h = 0;
	for (i32 i = 0; i < 4; i++) h = mix(h, tak(n, n - 6 - i, 6));
	return h;
}
