// A process has many messages of one tag in its mailbox and receives those of another
// as they come; then the many.
#include "process.h"

static void fill(u64 queued) {
	u64 me = self();
	for (u64 i = 0; i < queued; i++) put(me, 1, i);
}

static u64 drain(u64 queued) {
	u64 sum = 0;
	for (u64 i = 0; i < queued; i++) {
		u64 v = take_tagged(1);
		CHECK(v == i); // in the order of sending
		sum += v;
	}
	return sum;
}

EXPORT(run)(u64 queued, u64 times) {
	u64 me = self(), sum = 0;
	fill(queued);
	begin();
	for (u64 i = 0; i < times; i++) {
		put(me, 2, i);
		sum += take_tagged(2);
	}
	done(sum);
	drain(queued);
}

EXPORT(run_drain)(u64 queued, u64 unused) {
	fill(queued);
	begin();
	done(drain(queued));
}
