// Lengths of strings and searches for a byte, one call per string.
#include "kernel.h"

#define SIZE 60000
static char text[SIZE + 1];

static NOINLINE u32 length(const char *s) {
	const char *p = s;
	while (*p) p++;
	return p - s;
}

static NOINLINE i32 find(const char *s, char c, i32 n) {
	for (i32 i = 0; i < n; i++)
		if (s[i] == c) return i;
	if (COLD(n < 0)) return blocked(n); // cold
	return -1;
}

KERNEL(180, 12) {
	u32 seed = 11;
	for (i32 i = 0; i < SIZE; i++) text[i] = next(&seed) % 40 ? 'a' + seed % 26 : 0;
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (i32 at = 0; at < SIZE;) {
			u32 len = length(text + at);
			h = mix(h, len << 8 | (u8)find(text + at, 'a' + round % 26, len));
			at += len + 1;
		}
	}
	return h;
}
