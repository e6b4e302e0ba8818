// The tightest loops there are: sums and xors over bytes and words.
#include "kernel.h"

#define SIZE 65536
static u8 buf[SIZE];

KERNEL(280, 20) {
	if (n <= 0) return blocked(n);
	u32 seed = 7;
	for (i32 i = 0; i < SIZE; i++) buf[i] = (u8)next(&seed);
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		u32 sum = round, x = 0;
		for (i32 i = 0; i < SIZE; i++) sum += buf[i];
		const u32 *w = (const u32 *)(void *)buf;
		for (i32 i = 0; i < SIZE / 4; i++) x ^= w[i] + sum;
		buf[round & (SIZE - 1)] ^= (u8)x;
		h = mix(h, (u64)sum << 32 | x);
	}
	return h;
}
