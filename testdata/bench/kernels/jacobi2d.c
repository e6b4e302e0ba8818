// A five-point stencil like PolyBench's jacobi-2d.
#include "kernel.h"

#define N 200
static double a[N][N], b[N][N];

static void relax(double (*restrict out)[N], double (*restrict in)[N]) {
	for (i32 i = 1; i < N - 1; i++)
		for (i32 j = 1; j < N - 1; j++)
			out[i][j] = 0.2 * (in[i][j] + in[i][j - 1] + in[i][j + 1] + in[i + 1][j] + in[i - 1][j]);
}

KERNEL(100, 8) {
	if (n <= 0) return blocked(n);
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) a[i][j] = b[i][j] = (i * (j + 2) + 10.0) / N;
	for (i32 t = 0; t < n; t++) relax(b, a), relax(a, b);
	u64 h = 0;
	for (i32 i = 0; i < N; i++) h = mix(h, bits(a[i][i * 3 % N]));
	return h;
}
