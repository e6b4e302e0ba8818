// memcpy and memmove by hand, byte by byte and word by word.
#include "kernel.h"

#define SIZE 65536
static u8 a[SIZE + 8], b[SIZE + 8];

// The asm keeps the compiler from recognising a copy.
static NOINLINE void copy_bytes(u8 *d, const u8 *s, u32 n) {
	for (u32 i = 0; i < n; i++) {
		d[i] = s[i];
		__asm__("");
	}
}

static NOINLINE void copy_words(u32 *d, const u32 *s, u32 n) {
	for (u32 i = 0; i < n; i++) {
		d[i] = s[i];
		__asm__("");
	}
}

static NOINLINE void move_up(u8 *p, u32 n) {
	for (u32 i = n; i-- > 0;) {
		p[i + 1] = p[i];
		__asm__("");
	}
}

KERNEL(160, 12) {
	if (n <= 0) return blocked(n);
	u32 seed = 3;
	for (i32 i = 0; i < SIZE; i++) a[i] = (u8)next(&seed);
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		copy_bytes(b + (round & 3), a, SIZE);
		copy_words((u32 *)(void *)a, (const u32 *)(const void *)b, SIZE / 4);
		move_up(a, SIZE);
		h = mix(h, a[round * 97 & (SIZE - 1)]);
	}
	return h;
}
