// A tree of processes: ten children each, down to size leaves, which send their
// numbers. Every other process sends the sum of what it hears.
#include "process.h"

EXPORT(skynet)(u64 parent, u64 first, u64 size) {
	if (size == 1) {
		put(parent, 1, first);
		return;
	}
	u64 me = self(), part = size / 10, sum = 0;
	for (u64 i = 0; i < 10; i++) START(skynet, me, first + i * part, part);
	for (u64 i = 0; i < 10; i++) sum += take();
	put(parent, 1, sum);
}

EXPORT(run)(u64 leaves, u64 unused) {
	begin();
	START(skynet, self(), 0, leaves);
	done(take());
}
