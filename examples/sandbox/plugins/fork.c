/* Wants more processes, and says why it gets none. */
#include "plugin.h"

static void child(const void *arg, size_t size) {
  (void)arg, (void)size;
  lunatic_sleep(LUNATIC_FOREVER);
}

static void plugin(lunatic_pid host, const char *question, size_t size) {
  (void)question, (void)size;
  while (lunatic_spawn(child, NULL, 0)) {}
  answer(host, lunatic_error());
}
