/* Takes all the memory it gets, and writes to it; then answers how much that was, in KiB. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  char text[24];
  size_t page;
  (void)question, (void)size;
  while ((page = __builtin_wasm_memory_grow(0, 1)) != SIZE_MAX) memset((void *)(page << 16), 0xff, 1 << 16);
  answer(host, number(text + sizeof text, __builtin_wasm_memory_size(0) * 64));
}
