// Open addressing: insert, look up, delete.
#include "kernel.h"

#define SLOTS 32768
static u32 keys[SLOTS], values[SLOTS];

static inline u32 hash(u32 k) {
	k *= 0x9e3779b1u;
	return k ^ k >> 15;
}

static NOINLINE u32 *slot(u32 key, i32 used) {
	u32 i = hash(key) & (SLOTS - 1);
	while (keys[i] != key && keys[i] != 0) i = (i + 1) & (SLOTS - 1);
	if (COLD(used >= SLOTS)) blocked(used); // cold
	return &keys[i];
}

static NOINLINE u32 lookup(u32 key) {
	u32 i = hash(key) & (SLOTS - 1);
	for (; keys[i]; i = (i + 1) & (SLOTS - 1))
		if (keys[i] == key) return values[i];
	return 0;
}

KERNEL(18, 1) {
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (i32 i = 0; i < SLOTS; i++) keys[i] = 0;
		u32 seed = round + 1;
		i32 used = 0;
		for (i32 i = 0; i < SLOTS / 2; i++) {
			u32 key = next(&seed) | 1, *s = slot(key, used);
			if (*s == 0) used++, values[s - keys] = 0;
			*s = key;
			values[s - keys] += i;
		}
		seed = round + 1;
		for (i32 i = 0; i < SLOTS; i++) h = mix(h, lookup(next(&seed) | 1));
	}
	return h;
}
