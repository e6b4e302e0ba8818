// Search for a substring, Horspool's way and the plain way.
#include "kernel.h"

#define SIZE 65536
static u8 text[SIZE];

static i32 horspool(const u8 *t, i32 n, const u8 *p, i32 m) {
	i32 skip[256];
	for (i32 i = 0; i < 256; i++) skip[i] = m;
	for (i32 i = 0; i < m - 1; i++) skip[p[i]] = m - 1 - i;
	for (i32 at = 0; at + m <= n; at += skip[t[at + m - 1]]) {
		i32 i = m - 1;
		while (i >= 0 && t[at + i] == p[i]) i--;
		if (i < 0) return at;
	}
	return -1;
}

static i32 plain(const u8 *t, i32 n, const u8 *p, i32 m) {
	for (i32 at = 0; at + m <= n; at++) {
		i32 i = 0;
		while (i < m && t[at + i] == p[i]) i++;
		if (i == m) return at;
	}
	return -1;
}

KERNEL(300, 20) {
	if (n <= 0) return blocked(n);
	u32 seed = 13;
	for (i32 i = 0; i < SIZE; i++) text[i] = "abcdefgh"[next(&seed) % 8];
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		u8 p[10];
		i32 from = next(&seed) % (SIZE - 10);
		for (i32 i = 0; i < 10; i++) p[i] = text[from + i];
		if (round % 3 == 0) p[9] = 'z';
		h = mix(h, horspool(text, SIZE, p, 10));
		h = mix(h, plain(text, SIZE / 2, p, 6));
	}
	return h;
}
