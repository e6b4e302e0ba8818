/* Answers what a server says. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  char text[100] = "";
  lunatic_socket s = lunatic_connect(question, LUNATIC_FOREVER);
  (void)size;
  if (s > 0 && lunatic_read(s, text, sizeof text - 1) > 0) answer(host, text);
  else answer(host, lunatic_error());
}
