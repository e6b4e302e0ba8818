// Some processes compute for ever, many answer, and one asks them in turn and takes
// the times of the answers.
#include "process.h"

volatile u64 spun;

EXPORT(spin)(void) {
	for (;;) spun++;
}

EXPORT(answer)(u64 parent, u64 unused) {
	for (;;) put(parent, 1, take() + 1);
}

static u64 answerers[1000];

EXPORT(run)(u64 times, u64 spinners) {
	u64 me = self(), sum = 0;
	for (u32 i = 0; i < 1000; i++) answerers[i] = START(answer, me, 0);
	for (u64 i = 0; i < spinners; i++) start("spin", 4, 0, 0);
	begin();
	for (u64 i = 0; i < times; i++) {
		u64 sent = now();
		put(answerers[i % 1000], 1, i);
		sum += take();
		latency(now() - sent);
	}
	done(sum); // the others are killed with the environment
}
