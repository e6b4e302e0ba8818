// CRC-32, by table and bit by bit.
#include "kernel.h"

#define SIZE 65536
static u8 data[SIZE];
static u32 table[256];

KERNEL(90, 6) {
	if (n <= 0) return blocked(n);
	u32 seed = 31;
	for (i32 i = 0; i < SIZE; i++) data[i] = (u8)next(&seed);
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;
		for (i32 k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[i] = c;
	}
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		u32 c = ~0u, slow = ~0u;
		for (i32 i = 0; i < SIZE; i++) c = table[(u8)(c ^ data[i])] ^ c >> 8;
		for (i32 i = 0; i < SIZE / 32; i++) {
			slow ^= data[i];
			for (i32 k = 0; k < 8; k++) slow = slow >> 1 ^ (0xedb88320u & -(slow & 1));
		}
		data[round] ^= (u8)c;
		h = mix(h, (u64)~c << 32 | ~slow);
	}
	return h;
}
