// A process starts another, which answers and ends, and the next.
#include "process.h"

EXPORT(child)(u64 parent, u64 v) { put(parent, 1, v + 1); }

static u64 times_of(u64 times) {
	u64 me = self(), sum = 0;
	for (u64 i = 0; i < times; i++) {
		START(child, me, i);
		sum += take();
	}
	return sum;
}

EXPORT(spawner)(u64 parent, u64 times) { put(parent, 1, times_of(times)); }

// spawners do it side by side; with one, the first process does it itself.
EXPORT(run)(u64 times, u64 spawners) {
	u64 sum = 0;
	begin();
	if (spawners == 1) {
		sum = times_of(times);
	} else {
		for (u64 i = 0; i < spawners; i++) START(spawner, self(), times);
		for (u64 i = 0; i < spawners; i++) sum += take();
	}
	done(sum);
}
