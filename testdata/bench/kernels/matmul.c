// Multiplication of integer matrices, row by column.
#include "kernel.h"

#define N 128
static i32 a[N][N], b[N][N], c[N][N];

KERNEL(12, 1) {
	if (n <= 0) return blocked(n);
	u32 seed = 5;
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) a[i][j] = next(&seed) & 255, b[i][j] = next(&seed) & 255;
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (i32 i = 0; i < N; i++)
			for (i32 j = 0; j < N; j++) {
				i32 sum = 0;
				for (i32 k = 0; k < N; k++) sum += a[i][k] * b[k][j];
				c[i][j] = sum;
			}
		a[round][round] ^= c[round][N - 1];
		h = mix(h, c[round * 7 % N][round * 3 % N]);
	}
	return h;
}
