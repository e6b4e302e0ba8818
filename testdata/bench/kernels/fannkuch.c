// Permutations and flips over a small array.
#include "kernel.h"

KERNEL(9, 7) {
	if (n <= 0) return blocked(n);
	i32 p[16], q[16], count[16], flips = 0, sum = 0, sign = 1, r = n;
	for (i32 i = 0; i < n; i++) p[i] = i;
	for (;;) {
		for (; r > 1; r--) count[r - 1] = r;
		if (p[0]) {
			for (i32 i = 0; i < n; i++) q[i] = p[i];
			i32 f = 0;
			for (i32 first = q[0]; first; first = q[0], f++)
				for (i32 i = 0, j = first; i < j; i++, j--) {
					i32 t = q[i];
					q[i] = q[j];
					q[j] = t;
				}
			if (f > flips) flips = f;
			sum += sign * f;
		}
		sign = -sign;
		for (;; r++) {
			if (r == n) return (u64)flips << 32 | (u32)sum;
			i32 first = p[0];
			for (i32 i = 0; i < r; i++) p[i] = p[i + 1];
			p[r] = first;
			if (--count[r] > 0) break;
		}
	}
}
