// A mix as PolyBench has it: solvers, products, stencils and dynamic programming, each a
// nest of loops over small matrices.
#include "kernel.h"

#define N 60
static double a[N][N], b[N][N], c[N][N], x[N], y[N];
static i32 table[N][N];

// filled starts every part from the same numbers; the diagonal dominates.
static void filled(u32 seed) {
	for (i32 i = 0; i < N; i++) {
		x[i] = y[i] = i + 1;
		for (i32 j = 0; j < N; j++) {
			a[i][j] = (double)(next(&seed) & 255) / 256 + (i == j ? N : 0);
			b[i][j] = (double)(i * j % N) / N;
			c[i][j] = 0;
		}
	}
}

// ludcmp solves a * x = y.
static NOINLINE void ludcmp(void) {
	for (i32 i = 0; i < N; i++) {
		for (i32 j = 0; j < i; j++) {
			double w = a[i][j];
			for (i32 k = 0; k < j; k++) w -= a[i][k] * a[k][j];
			a[i][j] = w / a[j][j];
		}
		for (i32 j = i; j < N; j++) {
			double w = a[i][j];
			for (i32 k = 0; k < i; k++) w -= a[i][k] * a[k][j];
			a[i][j] = w;
		}
	}
	for (i32 i = 0; i < N; i++) {
		double w = y[i];
		for (i32 j = 0; j < i; j++) w -= a[i][j] * y[j];
		y[i] = w;
	}
	for (i32 i = N - 1; i >= 0; i--) {
		double w = y[i];
		for (i32 j = i + 1; j < N; j++) w -= a[i][j] * x[j];
		x[i] = w / a[i][i];
	}
}

// atax multiplies x by a and by the transpose of a.
static NOINLINE void atax(void) {
	for (i32 i = 0; i < N; i++) y[i] = 0;
	for (i32 i = 0; i < N; i++) {
		double w = 0;
		for (i32 j = 0; j < N; j++) w += a[i][j] * x[j];
		for (i32 j = 0; j < N; j++) y[j] += a[i][j] * w;
	}
}

// trmm multiplies a triangular matrix by b.
static NOINLINE void trmm(void) {
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) {
			for (i32 k = i + 1; k < N; k++) b[i][j] += a[k][i] * b[k][j];
			b[i][j] *= 1.5;
		}
}

// syrk adds a product of b with its transpose to c.
static NOINLINE void syrk(void) {
	for (i32 i = 0; i < N; i++) {
		for (i32 j = 0; j <= i; j++) c[i][j] *= 1.25;
		for (i32 k = 0; k < N; k++)
			for (i32 j = 0; j <= i; j++) c[i][j] += 1.5 * b[i][k] * b[j][k];
	}
}

// seidel is a stencil of nine points, in place.
static NOINLINE void seidel(i32 steps) {
	for (i32 t = 0; t < steps; t++)
		for (i32 i = 1; i < N - 1; i++)
			for (i32 j = 1; j < N - 1; j++)
				c[i][j] = (c[i - 1][j - 1] + c[i - 1][j] + c[i - 1][j + 1] + c[i][j - 1] + c[i][j] + c[i][j + 1] + c[i + 1][j - 1] + c[i + 1][j] + c[i + 1][j + 1]) / 9;
}

static inline i32 most(i32 x, i32 y) { return x > y ? x : y; }

// nussinov folds a sequence of bases.
static NOINLINE i32 nussinov(u32 seed) {
	u8 base[N];
	for (i32 i = 0; i < N; i++) base[i] = next(&seed) & 3;
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) table[i][j] = 0;
	for (i32 i = N - 1; i >= 0; i--)
		for (i32 j = i + 1; j < N; j++) {
			table[i][j] = most(table[i][j - 1], table[i + 1 < N ? i + 1 : i][j]);
			if (i + 1 < N) table[i][j] = most(table[i][j], table[i + 1][j - 1] + (i < j - 1 && base[i] + base[j] == 3));
			for (i32 k = i + 1; k < j; k++) table[i][j] = most(table[i][j], table[i][k] + table[k + 1][j]);
		}
	return table[0][N - 1];
}

KERNEL(70, 4) {
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		if (COLD(round < 0)) return blocked(n); // cold
		filled(round + 41);
		atax();
		trmm();
		syrk();
		seidel(4);
		ludcmp();
		h = mix(h, nussinov(round + 43));
		for (i32 i = 0; i < N; i++) h = mix(mix(h, bits(x[i])), bits(c[i][i * 7 % N]));
	}
	return h;
}
