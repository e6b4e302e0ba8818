/* Counts words. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  char text[24];
  uint64_t words = 0;
  for (size_t i = 0; i < size; i++) words += question[i] != ' ' && (i == 0 || question[i - 1] == ' ');
  host_log("counted", 7);
  answer(host, number(text + sizeof text, words));
}
