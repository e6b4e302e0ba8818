// Compression of the LZ77 kind: greedy encoder with a hash of positions, and decoder
// with copies that overlap.
#include "kernel.h"

#define SIZE 50000
static u8 text[SIZE], packed[2 * SIZE], out[SIZE];
static i32 head[4096];

static i32 encode(const u8 *s, i32 n, u8 *d) {
	i32 at = 0, w = 0;
	for (i32 i = 0; i < 4096; i++) head[i] = -1;
	while (at < n) {
		i32 len = 0, from = -1;
		if (at + 3 < n) {
			u32 h = (s[at] | s[at + 1] << 8 | s[at + 2] << 16) * 2654435761u >> 20;
			from = head[h];
			head[h] = at;
			if (from >= 0 && at - from < 65536)
				while (len < 255 && at + len < n && s[from + len] == s[at + len]) len++;
		}
		if (len >= 4) {
			d[w++] = (u8)len;
			d[w++] = (u8)(at - from);
			d[w++] = (u8)((at - from) >> 8);
			at += len;
		} else {
			d[w++] = 0;
			d[w++] = s[at++];
		}
	}
	return w;
}

static NOINLINE i32 decode(const u8 *s, i32 n, u8 *d, i32 max) {
	i32 w = 0;
	for (i32 at = 0; at < n;) {
		i32 len = s[at++];
		if (len == 0) {
			if (COLD(w >= max)) return blocked(w); // cold
			d[w++] = s[at++];
			continue;
		}
		i32 back = s[at] | s[at + 1] << 8;
		at += 2;
		if (COLD(back > w || w + len > max)) return blocked(back); // cold
		for (i32 end = w + len; w < end; w++) d[w] = d[w - back];
	}
	return w;
}

KERNEL(100, 8) {
	u32 seed = 37;
	for (i32 i = 0; i < SIZE;) {
		i32 word = next(&seed) % 60;
		for (i32 k = 0; k < 3 + word % 7 && i < SIZE; k++) text[i++] = 'a' + (word * 7 + k * k) % 26;
		if (i < SIZE) text[i++] = ' ';
	}
	i32 size = encode(text, SIZE, packed);
	u64 h = size;
	for (i32 round = 0; round < n; round++) {
		if (round % 8 == 0) size = encode(text, SIZE, packed);
		h = mix(h, decode(packed, size, out, SIZE));
		h = mix(h, out[(round * 7919) % SIZE]);
	}
	return h;
}
