// The solar system: floating point with square roots, fields in memory.
#include "kernel.h"

typedef struct {
	double x, y, z, vx, vy, vz, mass;
} body;

static const body planets[5] = {
	{0, 0, 0, 0, 0, 0, 39.47841760435743},
	{4.84143144246472090, -1.16032004402742839, -0.103622044471123109, 0.606326392995832, 2.81198684491626, -0.02521836165988763, 0.03769367487038949},
	{8.34336671824457987, 4.12479856412430479, -0.403523417114321381, -1.01077434617879, 1.82566237123041, 0.008415761376584154, 0.011286326131968767},
	{12.8943695621391310, -15.1111514016986312, -0.223307578892655734, 1.08279100644153, 0.868713018169608, -0.010832637401363636, 0.0017237240570597112},
	{15.3796971148509165, -25.9193146099879641, 0.179258772950371181, 0.979090732243898, 0.594698998647676, -0.034755955504078104, 0.002033686869924631},
};
static body b[5];

static NOINLINE void advance(double dt) {
	for (i32 i = 0; i < 5; i++)
		for (i32 j = i + 1; j < 5; j++) {
			double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
			double d2 = dx * dx + dy * dy + dz * dz;
			double mag = dt / (d2 * __builtin_sqrt(d2));
			b[i].vx -= dx * b[j].mass * mag, b[i].vy -= dy * b[j].mass * mag, b[i].vz -= dz * b[j].mass * mag;
			b[j].vx += dx * b[i].mass * mag, b[j].vy += dy * b[i].mass * mag, b[j].vz += dz * b[i].mass * mag;
		}
	for (i32 i = 0; i < 5; i++) b[i].x += dt * b[i].vx, b[i].y += dt * b[i].vy, b[i].z += dt * b[i].vz;
}

KERNEL(120000, 8000) {
	if (n <= 0) return blocked(n);
	for (i32 i = 0; i < 5; i++) b[i] = planets[i];
	for (i32 i = 0; i < n; i++) advance(0.01);
	u64 h = 0;
	for (i32 i = 0; i < 5; i++) h = mix(mix(mix(h, bits(b[i].x)), bits(b[i].y)), bits(b[i].z));
	return h;
}
