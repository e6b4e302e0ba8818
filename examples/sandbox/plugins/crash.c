/* Reads where there is no memory. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  (void)question, (void)size;
  answer(host, (const char *)0xfffffff0);
}
