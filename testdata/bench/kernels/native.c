// Prints one line of expected.txt: name, size and checksum, brief size and checksum.
#include "kernel.h"

#include <stdio.h>

extern const i32 sizes[2];
u64 run(i32 n);

i32 blocked(i32 why) { return why; }

int main(int argc, char **argv) {
	printf("%s %d %016llx", argv[1], sizes[0], run(sizes[0]));
	printf(" %d %016llx\n", sizes[1], run(sizes[1]));
	return argc != 2;
}
