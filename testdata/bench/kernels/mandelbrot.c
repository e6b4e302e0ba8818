// A float loop with nothing in memory and an exit that cannot be foreseen.
#include "kernel.h"

KERNEL(200, 50) {
	if (n <= 0) return blocked(n);
	u64 h = 0;
	for (i32 y = 0; y < n; y++)
		for (i32 x = 0; x < n; x++) {
			double cr = 2.0 * x / n - 1.5, ci = 2.0 * y / n - 1.0, zr = 0, zi = 0;
			i32 i = 0;
			for (; i < 500; i++) {
				double r = zr * zr, q = zi * zi;
				if (r + q > 4) break;
				zi = 2 * zr * zi + ci;
				zr = r - q + cr;
			}
			h = mix(h, i);
		}
	return h;
}
