// What every kernel has: one export "run" that takes a size and returns a checksum,
// and one import that could block. The import is never called while time is taken;
// where a comment says "cold", it can be reached from the hot function, so that the
// function may suspend when every import may.
//
// The same file compiles natively (native.c), which gives the checksums to expect.
#ifndef KERNEL_H
#define KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long long i64;

#define NOINLINE __attribute__((noinline))
#define COLD(c) __builtin_expect(!!(c), 0)

#ifdef __wasm__
__attribute__((import_module("env"), import_name("blocked"))) i32 blocked(i32 why);
#define KERNEL(full, brief) __attribute__((export_name("run"))) u64 run(i32 n)
#else
i32 blocked(i32 why);
// full is the size for about 30 ms under wazero, brief a tenth of it or less.
#define KERNEL(full, brief)          \
	const i32 sizes[2] = {full, brief}; \
	u64 run(i32 n)
#endif

static inline u64 mix(u64 h, u64 x) { return (h ^ x) * 0x100000001b3ull; }

// A double enters the checksum by its bits: the results of add, mul, div and sqrt are
// exact everywhere as long as nothing is fused.
static inline u64 bits(double d) {
	union {
		double d;
		u64 u;
	} x = {d};
	return x.u;
}

// next is a xorshift generator: the same inputs everywhere.
static inline u32 next(u32 *s) {
	u32 x = *s;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *s = x;
}

#endif
