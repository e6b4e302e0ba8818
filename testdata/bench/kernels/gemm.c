// A nest like PolyBench's gemm: C = alpha*A*B + beta*C.
#include "kernel.h"

#define N 120
static double a[N][N], b[N][N], c[N][N];

KERNEL(14, 1) {
	if (n <= 0) return blocked(n);
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) {
			a[i][j] = (double)(i * j % 13) / 13;
			b[i][j] = (double)(i * (j + 1) % 17) / 17;
			c[i][j] = (double)((i + 2) * j % 19) / 19;
		}
	for (i32 round = 0; round < n; round++)
		for (i32 i = 0; i < N; i++) {
			for (i32 j = 0; j < N; j++) c[i][j] *= 0.75;
			for (i32 k = 0; k < N; k++)
				for (i32 j = 0; j < N; j++) c[i][j] += 0.5 * a[i][k] * b[k][j];
		}
	u64 h = 0;
	for (i32 i = 0; i < N; i++) h = mix(h, bits(c[i][i * 7 % N]));
	return h;
}
