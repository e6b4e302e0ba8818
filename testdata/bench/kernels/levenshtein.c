// Edit distance: a table of minima, row by row.
#include "kernel.h"

#define LEN 300
static u8 a[LEN], b[LEN];
static u16 row[LEN + 1];

KERNEL(80, 6) {
	if (n <= 0) return blocked(n);
	u32 seed = 47;
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (i32 i = 0; i < LEN; i++) a[i] = next(&seed) & 3, b[i] = next(&seed) & 3;
		for (i32 j = 0; j <= LEN; j++) row[j] = j;
		for (i32 i = 1; i <= LEN; i++) {
			u32 diagonal = row[0];
			row[0] = i;
			for (i32 j = 1; j <= LEN; j++) {
				u32 change = diagonal + (a[i - 1] != b[j - 1]), least = change;
				diagonal = row[j];
				if (diagonal + 1u < least) least = diagonal + 1;
				if (row[j - 1] + 1u < least) least = row[j - 1] + 1;
				row[j] = least;
			}
		}
		h = mix(h, row[LEN]);
	}
	return h;
}
