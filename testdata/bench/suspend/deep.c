// Goes down to a depth and blocks there k times, with one frame changing: what
// lunatic-bench suspend measures.
#include "../kernels/kernel.h"

__attribute__((import_module("env"), import_name("block"))) i32 block(i32 i);

static NOINLINE u64 wait(i32 k, u64 h) {
	for (i32 i = 0; i < k; i++) h = mix(h, block(i));
	return h;
}

static NOINLINE u64 descend(i32 depth, i32 k, u64 h) {
	if (depth <= 1) return wait(k, h);
	return mix(descend(depth - 1, k, h + depth), depth);
}

__attribute__((export_name("run"))) u64 run(i32 depth, i32 k) { return descend(depth, k, 1); }

// The entry of a process, whose result nobody sees: it checks itself.
__attribute__((export_name("process"))) void process(i32 depth, i32 k, u64 want) {
	if (run(depth, k) != want) __builtin_trap();
}

// Where Binaryen's frames go.
static u64 area[32768];
__attribute__((export_name("area"))) void *frames(void) { return area; }
__attribute__((export_name("area_size"))) u32 frames_size(void) { return sizeof area; }
