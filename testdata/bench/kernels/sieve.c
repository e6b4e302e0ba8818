// Sieve of Eratosthenes over bytes.
#include "kernel.h"

#define MAX 1000000
static u8 composite[MAX];

KERNEL(5, 1) {
	if (n <= 0) return blocked(n);
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (i32 i = 0; i < MAX; i++) composite[i] = 0;
		u32 count = 0;
		for (i32 i = 2; i < MAX; i++) {
			if (composite[i]) continue;
			count++;
			for (i32 j = i + i; j < MAX; j += i) composite[j] = 1;
		}
		h = mix(h, count);
	}
	return h;
}
