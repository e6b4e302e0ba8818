/* Sends messages to the host as fast as it can. None is an answer. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  (void)question, (void)size;
  for (;;) lunatic_send(host, 99, question, size);
}
