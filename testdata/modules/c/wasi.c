// What a command gets from its surroundings: standard input in small reads, arguments,
// environment, a preopened directory, clocks, randomness. What differs from run to run is only checked,
// not printed.
#include "guest.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void read_stdin(void) {
  static char all[65536];
  size_t n = 0;
  char part[7]; // many reads, and lines cut anywhere
  for (ssize_t got; (got = read(0, part, sizeof part)) > 0 && n + got < sizeof all; n += got) memcpy(all + n, part, got);
  printf("stdin: %zu bytes, crc %08x\n", n, crc32(all, n));
  int lines = 0;
  long long sum = 0;
  for (char *rest = all, *line; (line = strsep(&rest, "\n"));) {
    if (!*line) continue;
    lines++;
    sum += strtoll(line, NULL, 10);
  }
  printf("stdin: %d lines, sum %lld\n", lines, sum);
}

static void list(const char *path) {
  DIR *d = opendir(path);
  if (!d) {
    printf("dir %s: %s\n", path, strerror(errno));
    return;
  }
  char *names[32];
  int n = 0;
  for (struct dirent *e; (e = readdir(d)) && n < 32;)
    if (e->d_name[0] != '.') names[n++] = strdup(e->d_name);
  closedir(d);
  qsort(names, n, sizeof *names, by_text);
  for (int i = 0; i < n; i++) {
    char full[256], text[256];
    struct stat st;
    snprintf(full, sizeof full, "%s/%s", path, names[i]);
    if (stat(full, &st)) {
      printf("stat %s: %s\n", full, strerror(errno));
      continue;
    }
    if (S_ISDIR(st.st_mode)) {
      printf("dir  %s\n", full);
      list(full);
      continue;
    }
    FILE *f = fopen(full, "r");
    size_t got = f ? fread(text, 1, sizeof text, f) : 0;
    printf("file %s: %lld bytes, read %zu, crc %08x\n", full, (long long)st.st_size, got, crc32(text, got));
    if (f && !fseek(f, 2, SEEK_SET)) printf("     third byte '%c'\n", fgetc(f));
    if (f) fclose(f);
  }
}

static long long now(clockid_t id) {
  struct timespec t = {0};
  clock_gettime(id, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void clocks(void) {
  long long start = now(CLOCK_MONOTONIC);
  bool forward = true;
  for (int i = 0; i < 10; i++) {
    long long before = now(CLOCK_MONOTONIC);
    switch (i % 3) {
    case 0: usleep(1000); break;
    case 1: nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); break;
    case 2: poll(NULL, 0, 1); break;
    }
    forward &= now(CLOCK_MONOTONIC) >= before;
  }
  printf("monotonic clock %s\n", forward && now(CLOCK_MONOTONIC) >= start ? "goes forward" : "GOES BACK");
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) printf("arg %d: %s\n", i, argv[i]);
  printf("env GREETING: %s\n", getenv("GREETING") ? getenv("GREETING") : "(none)");
  printf("env ABSENT: %s\n", getenv("ABSENT") ? "present" : "absent");
  read_stdin();
  list("/data");
  FILE *f = fopen("/data/missing", "r");
  printf("missing: %s\n", f ? "opened" : strerror(errno));
  clocks();
  uint8_t r[32] = {0}, zero[32] = {0};
  printf("random: %s\n", getentropy(r, sizeof r) || !memcmp(r, zero, sizeof r) ? "failed" : "ok");
  fprintf(stderr, "this goes to standard error\n");
  return argc > 3 ? 3 : 0;
}
