// A number goes round a ring of processes, each of which adds one.
#include "process.h"

EXPORT(node)(u64 next, u64 rounds) {
	for (u64 i = 0; i < rounds; i++) put(next, 1, take() + 1);
}

// The first process is part of the ring.
EXPORT(run)(u64 nodes, u64 rounds) {
	u64 next = self(), v = 0;
	for (u64 i = 1; i < nodes; i++) next = START(node, next, rounds);
	begin();
	for (u64 i = 0; i < rounds; i++) {
		put(next, 1, v + 1);
		v = take();
	}
	done(v);
}
