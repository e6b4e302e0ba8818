// Backtracking with bit sets.
#include "kernel.h"

static NOINLINE u32 place(u32 all, u32 columns, u32 left, u32 right) {
	if (columns == all) {
		if (COLD(left == ~0u)) return blocked(1); // cold
		return 1;
	}
	u32 found = 0;
	for (u32 free = all & ~(columns | left | right); free; free &= free - 1) {
		u32 bit = free & -free;
		found += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return found;
}

KERNEL(13, 10) {
	u64 h = 0;
	for (i32 i = 4; i <= n; i++) h = mix(h, place((1u << i) - 1, 0, 0, 0));
	return h;
}
