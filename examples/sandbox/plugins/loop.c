/* Computes for ever. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  (void)host, (void)question;
  for (volatile size_t i = size;; i++) {}
}
