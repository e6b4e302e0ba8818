// All shortest paths, like PolyBench's floyd-warshall.
#include "kernel.h"

#define N 160
static i32 d[N][N];

KERNEL(4, 1) {
	if (n <= 0) return blocked(n);
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		u32 seed = round + 19;
		for (i32 i = 0; i < N; i++)
			for (i32 j = 0; j < N; j++) d[i][j] = next(&seed) % 7 ? 100000 : seed % 1000;
		for (i32 k = 0; k < N; k++)
			for (i32 i = 0; i < N; i++)
				for (i32 j = 0; j < N; j++) {
					i32 via = d[i][k] + d[k][j];
					d[i][j] = d[i][j] < via ? d[i][j] : via;
				}
		for (i32 i = 0; i < N; i++) h = mix(h, d[i][(i * 31 + 7) % N]);
	}
	return h;
}
