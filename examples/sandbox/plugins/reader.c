/* Answers what is in a file, and tries to write it. */
#include "plugin.h"

#include <fcntl.h>
#include <unistd.h>

static void plugin(lunatic_pid host, const char *question, size_t size) {
  char text[100] = "";
  int fd = open(question, O_RDONLY);
  (void)size;
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) strcpy(text, "no such file");
  if (open(question, O_WRONLY) >= 0) strcpy(text, "I COULD WRITE IT");
  answer(host, text);
}
