/* Never answers. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  (void)host, (void)question, (void)size;
  lunatic_sleep(LUNATIC_FOREVER);
}
