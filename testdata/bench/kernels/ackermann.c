// Deep recursion, one call of two in tail position.
#include "kernel.h"

static NOINLINE u32 ack(u32 m, u32 n) {
	if (m == 0) return n + 1;
	if (n == 0) return ack(m - 1, 1);
	return ack(m - 1, ack(m, n - 1));
}

KERNEL(9, 6) {
	if (n <= 0) return blocked(n);
	u64 h = 0;
	for (u32 i = 0; i < 3; i++) h = mix(h, ack(3, n - i % 2));
	return h;
}
