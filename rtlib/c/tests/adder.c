/* A module that modules.c loads: a library of processes, without a main. */
#include "../lunatic.h"

LUNATIC_EXPORT("add") void add(uint64_t to, int32_t a, int32_t b) {
  int64_t sum = a + b;
  LUNATIC_SEND(to, 1, sum);
}
