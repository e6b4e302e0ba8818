/* What the tests share. Each prints lines that NAME.out holds, which was written by hand. Only the
 * first process prints. */
#ifndef TEST_H
#define TEST_H
#include "../lunatic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused)) static

/* must ends the program unless ok. */
#define must(ok) must_(ok, __LINE__)
UNUSED void must_(bool ok, int line) {
  if (ok) return;
  printf("line %d: %s\n", line, lunatic_error());
  exit(1);
}

/* result_text names a result, and keeps an error's text for said. */
static char failure[256];
UNUSED const char *result_text(int64_t result) {
  strcpy(failure, lunatic_error());
  if (result >= 0) return "ok";
  if (result == LUNATIC_ERROR) return "error";
  return result == LUNATIC_TIMEOUT ? "timeout" : result == LUNATIC_DOWN ? "down" : "OTHER";
}

/* said says whether the last failure's text has a word in it, else shows the text. */
UNUSED const char *said(const char *word) { return strstr(failure, word) ? word : failure; }

/* ended waits for the end of a process by its monitor's tag. */
UNUSED const char *ended(lunatic_tag tag) {
  lunatic_message m;
  lunatic_receive_tag(&m, NULL, 0, tag, LUNATIC_FOREVER);
  return lunatic_reason_text(m.reason);
}
#endif
