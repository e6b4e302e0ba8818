// What the programs share: each workload is an export that takes a size and returns a
// checksum. Natively they are called through the table at the end of each driver.
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
#define WORKLOAD(name) __attribute__((export_name(#name))) uint64_t name(int n)
__attribute__((import_module("env"), import_name("blocked"))) int blocked(int why);
#else
#define WORKLOAD(name) static uint64_t name(int n)
static inline int blocked(int why) { return why; }
#endif

// A workload with its size for about 40 ms under wazero and a brief one.
typedef struct {
	const char *name;
	uint64_t (*run)(int);
	int full, brief;
} workload;

static inline uint64_t mix(uint64_t h, const void *p, size_t n) {
	for (size_t i = 0; i < n; i++) h = (h ^ ((const unsigned char *)p)[i]) * 0x100000001b3ull;
	return h;
}

#ifdef __wasm__
#define WORKLOADS(program, ...)
#else
#define WORKLOADS(program, ...)                                                                      \
	int main(void) {                                                                                 \
		const workload all[] = {__VA_ARGS__};                                                        \
		for (size_t i = 0; i < sizeof all / sizeof *all; i++) {                                      \
			const workload *w = all + i;                                                             \
			printf("%s/%s %d %016llx %d %016llx\n", program, w->name, w->full,                       \
			       (unsigned long long)w->run(w->full), w->brief, (unsigned long long)w->run(w->brief)); \
		}                                                                                            \
		return 0;                                                                                    \
	}
#endif

#endif
