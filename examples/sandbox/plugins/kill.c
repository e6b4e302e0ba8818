/* Kills who asks it, and everybody else that it can guess. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  (void)question, (void)size;
  for (lunatic_pid pid = 1; pid < 100; pid++)
    if (pid != lunatic_self()) lunatic_kill(pid);
  lunatic_kill(host);
}
