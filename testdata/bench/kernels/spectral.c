// Spectral norm of an infinite matrix: float loops that call a small function.
#include "kernel.h"

#define MAX 400
static double u[MAX], v[MAX], t[MAX];

static NOINLINE double entry(i32 i, i32 j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static NOINLINE void times(double *out, const double *in, i32 n, i32 transposed) {
	if (COLD(n > MAX)) blocked(n); // cold
	for (i32 i = 0; i < n; i++) {
		double sum = 0;
		for (i32 j = 0; j < n; j++) sum += (transposed ? entry(j, i) : entry(i, j)) * in[j];
		out[i] = sum;
	}
}

KERNEL(300, 80) {
	for (i32 i = 0; i < n; i++) u[i] = 1;
	for (i32 i = 0; i < 10; i++) {
		times(t, u, n, 0), times(v, t, n, 1);
		times(t, v, n, 0), times(u, t, n, 1);
	}
	double vbv = 0, vv = 0;
	for (i32 i = 0; i < n; i++) vbv += u[i] * v[i], vv += v[i] * v[i];
	return bits(__builtin_sqrt(vbv / vv));
}
