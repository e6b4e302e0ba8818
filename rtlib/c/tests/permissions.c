/* What a configuration gives to a child and takes from it. The test gives the first process the
 * directory /data with the file hello.txt, and the variable HOME_OF. */
#include "test.h"

enum { ANSWER = 1, ENDED, FLOOD, READY };

/* A child does one thing and says how it went. */
typedef enum { SPAWN, COMPILE, CONFIGURE, CONNECT, LISTEN, RESOLVE, GROW, SPIN, ENV, READ_FILE, WAIT } act;
typedef struct {
  lunatic_pid to;
  act act;
} child_arg;

static void nothing(const void *arg, size_t size) { (void)arg, (void)size; }

static int64_t read_file(void) {
  char text[16];
  FILE *f = fopen("/data/hello.txt", "r");
  if (!f) return LUNATIC_ERROR;
  size_t n = fread(text, 1, sizeof text, f);
  fclose(f);
  return (int64_t)n;
}

static int64_t perform(act act) {
  switch (act) {
  case SPAWN:
    return lunatic_spawn(nothing, NULL, 0) ? LUNATIC_OK : LUNATIC_ERROR;
  case COMPILE:
    return lunatic_module_load("\0asm\1\0\0\0", 8);
  case CONFIGURE:
    return lunatic_config_new();
  case CONNECT:
    return lunatic_connect("127.0.0.1:1", 1000);
  case LISTEN:
    return lunatic_listen("127.0.0.1:0");
  case RESOLVE:
    return lunatic_resolve("localhost:1", NULL, 0, 1000);
  case GROW: /* by 64 MiB */
    return __builtin_wasm_memory_grow(0, 1024) == SIZE_MAX ? LUNATIC_ERROR : LUNATIC_OK;
  case SPIN:
    for (volatile int i = 0;; i++) {}
  case ENV:
    return getenv("GREETING") && !strcmp(getenv("GREETING"), "hi") && !getenv("HOME_OF") ? LUNATIC_OK : LUNATIC_ERROR;
  case READ_FILE:
    return read_file();
  case WAIT:
    lunatic_send(lunatic_whereis("first"), READY, NULL, 0);
    lunatic_receive_tag(NULL, NULL, 0, ANSWER, LUNATIC_FOREVER);
  }
  return LUNATIC_OK;
}

typedef struct {
  int64_t result;
  char text[256];
} outcome;

static void child(const void *arg, size_t size) {
  const child_arg *a = arg;
  (void)size;
  outcome o = {.result = perform(a->act)};
  strcpy(o.text, lunatic_error());
  LUNATIC_SEND(a->to, ANSWER, o);
}

/* in runs a child with a configuration: what it did, or how it ended. */
static int64_t in(lunatic_config c, act act) {
  child_arg a = {lunatic_self(), act};
  lunatic_spawn_options options = {.config = c, .monitor = ENDED};
  lunatic_pid pid = lunatic_spawn_with(&options, child, &a, sizeof a);
  if (!pid) return LUNATIC_ERROR;
  const char *end = ended(ENDED);
  outcome o;
  if (lunatic_receive_tag(NULL, &o, sizeof o, ANSWER, 0) == LUNATIC_TIMEOUT) {
    snprintf(failure, sizeof failure, "%s", end);
    return LUNATIC_DOWN;
  }
  snprintf(failure, sizeof failure, "%s", o.text);
  return o.result;
}

static void show(const char *what, lunatic_config c, act act, const char *word) {
  int64_t result = in(c, act);
  if (result >= 0) printf("%s: ok\n", what);
  else printf("%s: no, %s\n", what, word ? said(word) : failure[0] ? "AND A TEXT" : "no text");
}

int main(void) {
  lunatic_config none = lunatic_config_new();
  must(none > 0);
  lunatic_register("first", lunatic_self());
  show("nothing: spawn", none, SPAWN, "config_set_can_spawn_processes");
  show("nothing: compile", none, COMPILE, "compile modules");
  show("nothing: configure", none, CONFIGURE, "create configurations");
  show("nothing: read a file", none, READ_FILE, NULL);
  show("nothing: listen", none, LISTEN, NULL);
  show("own: read a file", 0, READ_FILE, NULL);
  show("own: spawn", 0, SPAWN, NULL);
  show("own: compile", 0, COMPILE, NULL);

  lunatic_config some = lunatic_config_new();
  lunatic_config_may_spawn(some, true);
  lunatic_config_may_compile(some, true);
  lunatic_config_may_configure(some, true);
  lunatic_config_env(some, "GREETING", "hi");
  lunatic_config_arg(some, "child");
  lunatic_config_dir(some, "/data");
  show("some: spawn", some, SPAWN, NULL);
  show("some: compile", some, COMPILE, NULL);
  show("some: configure", some, CONFIGURE, NULL);
  show("some: environment", some, ENV, NULL);
  show("some: read a file", some, READ_FILE, NULL);

  lunatic_config net = lunatic_config_new();
  must(lunatic_config_allow(net, LUNATIC_LISTEN, "10.0.0.0/8") == LUNATIC_OK);
  must(lunatic_config_deny(net, LUNATIC_CONNECT, "127.0.0.0/8") == LUNATIC_OK);
  must(lunatic_config_deny(net, LUNATIC_RESOLVE, "localhost") == LUNATIC_OK);
  show("net: listen", net, LISTEN, "permission denied");
  show("net: connect", net, CONNECT, "permission denied");
  show("net: resolve", net, RESOLVE, "permission denied");
  printf("net: a bad rule: %s\n", result_text(lunatic_config_allow(net, LUNATIC_LISTEN, "10.0.0.0/99")));

  lunatic_config small = lunatic_config_new();
  lunatic_config_memory(small, 8 << 20);
  lunatic_config_fuel(small, 100);
  show("own: grow", 0, GROW, NULL);
  show("small: grow", small, GROW, NULL);
  show("small: spin", small, SPIN, "failed");

  lunatic_config_mailbox(small, 10, 0);
  child_arg wait = {lunatic_self(), WAIT};
  lunatic_spawn_options options = {.config = small, .monitor = ENDED};
  lunatic_pid pid = lunatic_spawn_with(&options, child, &wait, sizeof wait);
  must(pid);
  lunatic_receive_tag(NULL, NULL, 0, READY, LUNATIC_FOREVER);
  for (int i = 0; i < 11; i++) lunatic_send(pid, FLOOD, NULL, 0);
  printf("small: flooded: %s\n", ended(ENDED));

  lunatic_config_forbid(small, "lunatic::networking");
  printf("forbidden: %s\n", lunatic_spawn_with(&options, child, &wait, sizeof wait) ? "SPAWNED" : "not spawned");
  lunatic_config_drop(none);
}
