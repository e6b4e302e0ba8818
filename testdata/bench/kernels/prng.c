// 64-bit integers only: xoshiro256** and a splitmix.
#include "kernel.h"

static u64 rol(u64 x, i32 k) { return x << k | x >> (64 - k); }

KERNEL(8000000, 500000) {
	if (n <= 0) return blocked(n);
	u64 s[4], z = 42, sum = 0;
	for (i32 i = 0; i < 4; i++) {
		z += 0x9e3779b97f4a7c15ull;
		u64 x = z;
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
		x = (x ^ x >> 27) * 0x94d049bb133111ebull;
		s[i] = x ^ x >> 31;
	}
	for (i32 i = 0; i < n; i++) {
		u64 r = rol(s[1] * 5, 7) * 9, t = s[1] << 17;
		s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3];
		s[2] ^= t;
		s[3] = rol(s[3], 45);
		sum += r;
	}
	return sum;
}
