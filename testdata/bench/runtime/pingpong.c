// Two processes send each other a number, times times each.
#include "process.h"

EXPORT(pong)(u64 peer, u64 times) {
	for (u64 i = 0; i < times; i++) put(peer, 1, take() + 1);
}

EXPORT(run)(u64 times, u64 unused) {
	u64 peer = START(pong, self(), times), v = 0;
	begin();
	for (u64 i = 0; i < times; i++) {
		put(peer, 1, v);
		v = take();
	}
	done(v);
}
