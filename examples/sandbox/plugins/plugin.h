/* What a plugin is: a module that exports run, gets one question, and sends one answer. */
#ifndef PLUGIN_H
#define PLUGIN_H
#include "lunatic.h"

#include <string.h>

enum { QUESTION = 1, ANSWER = 2 };

/* The host's own functions. Each namespace can be forbidden. */
__attribute__((import_module("log"), import_name("log"))) void host_log(const char *text, size_t size);
__attribute__((import_module("prices"), import_name("price"))) int64_t host_price(const char *item, size_t size); /* cents, or -1 */

/* plugin answers a question. */
static void plugin(lunatic_pid host, const char *question, size_t size);

LUNATIC_EXPORT("run") void run(lunatic_pid host) {
  char question[256];
  lunatic_message m;
  lunatic_receive_tag(&m, question, sizeof question - 1, QUESTION, LUNATIC_FOREVER);
  size_t size = m.size < sizeof question ? m.size : sizeof question - 1;
  question[size] = 0;
  plugin(host, question, size);
}

static inline void answer(lunatic_pid host, const char *text) { lunatic_send(host, ANSWER, text, strlen(text)); }

/* number writes n as text and returns where it begins. */
static inline char *number(char *end, uint64_t n) {
  *--end = 0;
  do *--end = '0' + n % 10;
  while (n /= 10);
  return end;
}
#endif
