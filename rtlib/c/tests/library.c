/* What the scenarios of rtlib/behaviour leave out: the edges of the library. */
#include "test.h"

enum { ANSWER = 1, ENDED, ASK, READY };

/* ---- Arguments: some travel in the parameters, others in a message ---- */

/* sum checks its bytes, the first 8 of which are the parent. */
static void sum(const void *arg, size_t size) {
  const uint8_t *p = arg;
  lunatic_pid to;
  int64_t right = 0;
  memcpy(&to, arg, 8);
  for (size_t i = 8; i < size; i++) right += p[i] == (uint8_t)(i * 7);
  right += (uintptr_t)arg % 16 == 0 ? 8 : 0;
  LUNATIC_SEND(to, ANSWER, right);
}

static void empty(const void *arg, size_t size) {
  (void)arg;
  must(size == 0);
}

static void arguments(void) {
  static uint8_t bytes[LUNATIC_MAX_ARG + 1];
  lunatic_pid me = lunatic_self();
  memcpy(bytes, &me, 8);
  for (size_t i = 8; i < sizeof bytes; i++) bytes[i] = i * 7;
  const size_t sizes[] = {8, 9, 47, 48, 49, 1000, LUNATIC_MAX_ARG};
  printf("arguments:");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int64_t right = 0;
    must(lunatic_spawn(sum, bytes, sizes[i]));
    LUNATIC_RECEIVE(NULL, right, ANSWER, LUNATIC_FOREVER);
    printf(" %s", right == (int64_t)sizes[i] ? "right" : "WRONG");
  }
  lunatic_spawn_options monitored = {.monitor = ENDED};
  lunatic_spawn_with(&monitored, empty, NULL, 0);
  printf(" %s", ended(ENDED));
  printf(", too long: %s\n", lunatic_spawn(sum, bytes, sizeof bytes) ? "SPAWNED" : lunatic_error());
}

/* ---- Typed messages, parts ---- */

typedef struct {
  int32_t x, y;
} point;

LUNATIC_MAILBOX(point, point, ASK)

static void ending(const void *arg, size_t size) { (void)arg, (void)size; }

static void typed(void) {
  point p = {0, 0};
  point_send(lunatic_self(), (point){3, 4});
  must(point_receive(&p, LUNATIC_FOREVER) == LUNATIC_OK);
  printf("typed: %d %d", p.x, p.y);
  lunatic_send(lunatic_self(), ASK, "short", 5);
  printf(", another size: %s", result_text(point_receive(&p, LUNATIC_FOREVER)));
  lunatic_spawn_options monitored = {.monitor = ASK};
  lunatic_spawn_with(&monitored, ending, NULL, 0);
  printf(", an end: %s, nothing: ", result_text(point_receive(&p, LUNATIC_FOREVER)));
  printf("%s\n", result_text(point_receive(&p, 0)));
  char request[8];
  printf("a request without head: %s\n", result_text(lunatic_request(1, ASK, request, sizeof request, NULL, 0, NULL, 0)));
}

/* ---- Names ---- */

static void named(const void *arg, size_t size) {
  (void)size;
  LUNATIC_SEND(*(const lunatic_pid *)arg, READY, size);
  lunatic_receive_tag(NULL, NULL, 0, ENDED, LUNATIC_FOREVER);
}

static void by_name(void) {
  lunatic_pid me = lunatic_self();
  bool found = true;
  lunatic_pid first = lunatic_spawn_named("one", NULL, named, &me, sizeof me, &found);
  must(first && !found);
  lunatic_receive_tag(NULL, NULL, 0, READY, LUNATIC_FOREVER);
  lunatic_pid second = lunatic_spawn_named("one", NULL, named, &me, sizeof me, &found);
  printf("names: %s, found %d", first == second ? "the same" : "ANOTHER", found);
  lunatic_monitor(ENDED, first);
  lunatic_send(first, ENDED, NULL, 0);
  ended(ENDED);
  printf(", then %s\n", lunatic_whereis("one") ? "THERE" : "gone");
}

/* ---- Traps ---- */

static uint32_t triple(void *arg) { return 3 * *(uint32_t *)arg; }

static uint32_t divide(void *arg) {
  volatile uint32_t zero = 0;
  return *(uint32_t *)arg / zero;
}

static uint32_t leave(void *arg) {
  (void)arg;
  exit(3);
}

static void catching(void) {
  uint32_t n = 14, result = 0;
  printf("catch: %s", result_text(lunatic_catch(triple, &n, &result)));
  printf(" %u, %s", result, result_text(lunatic_catch(divide, &n, &result)));
  printf(", %s\n", result_text(lunatic_catch(leave, NULL, NULL)));
}

/* ---- Servers ---- */

/* A long request: the handler gets its beginning, and reads the rest. */
static lunatic_next long_call(void *state, lunatic_from from, const void *request, size_t size) {
  const uint8_t *p = request;
  uint8_t more[16];
  int64_t sum = 0;
  (void)state;
  for (size_t i = 0; i < size; i++) sum += p[i];
  for (size_t n; (n = lunatic_message_read(more, sizeof more)) > 0;)
    while (n > 0) sum += more[--n];
  LUNATIC_REPLY(from, sum);
  return LUNATIC_CONTINUE;
}

static const char *slow_init(void *state, const void *arg, size_t size) {
  (void)state, (void)arg, (void)size;
  lunatic_sleep(LUNATIC_FOREVER);
  return NULL;
}

static lunatic_next deaf(void *state, const lunatic_message *m, const void *data, size_t size) {
  (void)state, (void)m, (void)data, (void)size;
  lunatic_sleep(LUNATIC_FOREVER);
  return LUNATIC_CONTINUE;
}

static const char *refuse(void *state, const void *arg, size_t size) {
  (void)state, (void)size;
  return arg;
}

/* A process that becomes a server later, and answers that it was one. */
static lunatic_next stop_at_once(void *state, const void *request, size_t size) {
  (void)state, (void)request, (void)size;
  return LUNATIC_STOP;
}

static void becoming(const void *arg, size_t size) {
  static const lunatic_server server = {.cast = stop_at_once};
  const char *refusal = lunatic_serve(&server, NULL, 0);
  (void)size;
  must(refusal == NULL);
  lunatic_send(*(const lunatic_pid *)arg, ANSWER, "served", 7);
}

static void servers(void) {
  static const lunatic_server of_long = {.call = long_call, .max_message = 100}, slow = {.init = slow_init}, deaf_one = {.info = deaf},
                              refusing = {.init = refuse};
  static uint8_t bytes[5000];
  lunatic_pid pid, me = lunatic_self();
  int64_t sum = 0, want = 0;
  for (size_t i = 0; i < sizeof bytes; i++) want += bytes[i] = i % 200;
  must(lunatic_server_start(&of_long, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  must(lunatic_call(pid, bytes, sizeof bytes, &sum, sizeof sum, NULL, LUNATIC_FOREVER) == LUNATIC_OK);
  printf("servers: long: %s", sum == want ? "all of it" : "NOT ALL");
  printf(", slow: %s", result_text(lunatic_server_start(&slow, NULL, NULL, 0, 10, &pid)));
  lunatic_monitor(ENDED, pid);
  const char *end = ended(ENDED);
  printf(" and %s\n", strcmp(end, "noproc") ? end : "killed"); /* it may be gone already */

  must(lunatic_server_start(&deaf_one, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  lunatic_send(pid, ASK, NULL, 0);
  lunatic_monitor(ENDED, pid);
  printf("stop: deaf: %s", result_text(lunatic_stop(pid, 10)));
  printf(", %s", ended(ENDED));
  must(lunatic_server_start(&of_long, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  printf(", polite: %s", result_text(lunatic_stop(pid, LUNATIC_FOREVER)));
  printf(", gone: %s\n", result_text(lunatic_stop(pid, LUNATIC_FOREVER)));

  result_text(lunatic_server_start(&refusing, NULL, "because", 8, LUNATIC_FOREVER, &pid));
  printf("refusal: %s\n", failure);

  must(pid = lunatic_spawn(becoming, &me, sizeof me));
  char text[8] = "";
  lunatic_cast(pid, NULL, 0);
  lunatic_receive_tag(NULL, text, sizeof text, ANSWER, LUNATIC_FOREVER);
  printf("becoming: %s\n", text);
}

/* A call leaves its caller's own monitor alone. */
static void monitors(void) {
  static const lunatic_server server = {.call = long_call, .cast = stop_at_once};
  lunatic_pid pid;
  int64_t sum;
  must(lunatic_server_start(&server, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  lunatic_monitor(ENDED, pid);
  must(lunatic_call(pid, "\1", 1, &sum, sizeof sum, NULL, LUNATIC_FOREVER) == LUNATIC_OK);
  lunatic_cast(pid, NULL, 0);
  printf("monitors: %s, then %s\n", ended(ENDED), result_text(lunatic_receive(NULL, NULL, 0, 0)));
}

/* ---- Supervisors ---- */

/* Children that init makes: each knows its number; and one that starts by a function. */
static int64_t own_number;

static const char *number_init(void *state, const void *arg, size_t size) {
  (void)state;
  must(size == sizeof own_number);
  memcpy(&own_number, arg, size);
  return NULL;
}

static lunatic_next number_call(void *state, lunatic_from from, const void *request, size_t size) {
  (void)state, (void)request, (void)size;
  LUNATIC_REPLY(from, own_number);
  return LUNATIC_CONTINUE;
}

static const lunatic_server numbered = {.init = number_init, .call = number_call};

static int by_function(const lunatic_child *child, const lunatic_spawn_options *options, lunatic_pid *pid) {
  int64_t n = strlen(child->id);
  return lunatic_server_start(&numbered, options, &n, sizeof n, LUNATIC_FOREVER, pid);
}

static size_t make_children(lunatic_child *slots, size_t room, const void *arg, size_t size) {
  int64_t first;
  must(room == 4 && size == sizeof first);
  memcpy(&first, arg, size);
  for (int i = 0; i < 2; i++) {
    int64_t n = first + i;
    slots[i] = (lunatic_child){.server = &numbered};
    snprintf(slots[i].id, sizeof slots[i].id, "number %d", i);
    must(lunatic_child_arg(&slots[i], &n, sizeof n) == LUNATIC_OK);
  }
  return 2;
}

static const lunatic_child constant[] = {{.id = "function", .start = by_function}};
LUNATIC_SUPERVISOR(made, 5, .children = constant, .count = 1, .init = make_children);

static void supervisors(void) {
  lunatic_pid sup;
  int64_t first = 100;
  must(lunatic_supervisor_start(&made, NULL, NULL, &first, sizeof first, LUNATIC_FOREVER, &sup) == LUNATIC_OK);
  lunatic_child_info all[5];
  int n = lunatic_children(sup, all, 5);
  for (int i = 0; i < n; i++) {
    int64_t number = 0;
    must(lunatic_call(all[i].pid, NULL, 0, &number, sizeof number, NULL, LUNATIC_FOREVER) == LUNATIC_OK);
    printf("children: %s: %lld\n", all[i].id, number);
  }
  printf("children: there is room for %d of %d\n", 2, lunatic_children(sup, all, 2));

  lunatic_child more = {.id = "more", .start = by_function};
  must(lunatic_child_start(sup, &more, NULL) == LUNATIC_OK);
  strcpy(more.id, "even more");
  must(lunatic_child_start(sup, &more, NULL) == LUNATIC_OK);
  strcpy(more.id, "too many");
  printf("children: one more: %s", result_text(lunatic_child_start(sup, &more, NULL)));
  printf(", %s\n", said("no room"));
  lunatic_child none = {.id = "none"};
  must(lunatic_child_delete(sup, "more") == LUNATIC_RUNNING && lunatic_child_terminate(sup, "more") == LUNATIC_OK &&
       lunatic_child_delete(sup, "more") == LUNATIC_OK);
  printf("children: nothing to start: %s\n", result_text(lunatic_child_start(sup, &none, NULL)));

  lunatic_event events[LUNATIC_EVENTS];
  n = lunatic_events(sup, events, LUNATIC_EVENTS);
  for (int i = 0; i < n; i++) printf("event: %s\n", events[i].text);
  printf("end: %s\n", result_text(lunatic_stop(sup, LUNATIC_FOREVER)));
}

/* Descriptions that make no sense. */
static size_t too_many_children(lunatic_child *slots, size_t room, const void *arg, size_t size) {
  (void)slots, (void)arg, (void)size;
  return room + 1;
}

static const lunatic_child twins[] = {{.id = "twin", .start = by_function}, {.id = "twin", .start = by_function}};
LUNATIC_SUPERVISOR(twin_sup, 2, .children = twins, .count = 2);
LUNATIC_SUPERVISOR(full_sup, 1, .init = too_many_children);
LUNATIC_SUPERVISOR(small_sup, 1, .children = twins, .count = 2);
LUNATIC_SUPERVISOR(hasty_sup, 1, .intensity = LUNATIC_MAX_INTENSITY + 1);

static void refused(void) {
  const lunatic_supervisor *const all[] = {&twin_sup, &full_sup, &small_sup, &hasty_sup};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    lunatic_pid pid;
    result_text(lunatic_supervisor_start(all[i], NULL, NULL, NULL, 0, LUNATIC_FOREVER, &pid));
    printf("refused: %s\n", failure);
  }
}

/* A supervisor that is linked with who started it ends with it, and so do its children. */
static void owner(const void *arg, size_t size) {
  lunatic_spawn_options linked = {.link = 1};
  int64_t first = 1;
  lunatic_pid sup;
  (void)size;
  must(lunatic_supervisor_start(&made, NULL, &linked, &first, sizeof first, LUNATIC_FOREVER, &sup) == LUNATIC_OK);
  lunatic_child_info all[5];
  must(lunatic_children(sup, all, 5) == 3);
  lunatic_pid both[] = {sup, all[2].pid};
  LUNATIC_SEND(*(const lunatic_pid *)arg, ANSWER, both);
  lunatic_receive_tag(NULL, NULL, 0, ASK, LUNATIC_FOREVER);
  __builtin_trap();
}

static void owners(void) {
  lunatic_pid both[2], me = lunatic_self(), pid = lunatic_spawn(owner, &me, sizeof me);
  LUNATIC_RECEIVE(NULL, both, ANSWER, LUNATIC_FOREVER);
  lunatic_monitor(READY, both[0]);
  lunatic_monitor(ENDED, both[1]);
  lunatic_send(pid, ASK, NULL, 0);
  const char *child = ended(ENDED), *sup = ended(READY);
  printf("owner: child %s, supervisor %s\n", child, sup);
}

int main(void) {
  arguments();
  typed();
  by_name();
  catching();
  servers();
  monitors();
  supervisors();
  refused();
  owners();
}
