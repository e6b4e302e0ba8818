/* The scenarios of rtlib/behaviour/README.md, which says what each step is. */
#include "../lunatic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT = 5, ENDED = 6, PLAIN = 7, TOLD = 9, NEVER = 99 };

#define SAY(...) (printf("> " __VA_ARGS__), printf("\n"))

static void check(bool ok) {
  if (ok) return;
  printf("failed: %s\n", lunatic_error());
  exit(1);
}

/* ---- What scenarios share ---- */

static void crash(const void *arg, size_t size) {
  (void)arg, (void)size;
  __builtin_trap();
}

static void nothing(const void *arg, size_t size) { (void)arg, (void)size; }

static void wait_for_ever(const void *arg, size_t size) {
  (void)arg, (void)size;
  lunatic_receive_tag(NULL, NULL, 0, NEVER, LUNATIC_FOREVER);
}

/* end waits for the end of a process, by the tag of its monitor. */
static const char *end(lunatic_tag tag) {
  lunatic_message m;
  lunatic_receive_tag(&m, NULL, 0, tag, LUNATIC_FOREVER);
  return lunatic_reason_text(m.reason);
}

/* events prints the next n. */
static void events(int n) {
  for (lunatic_event e; n > 0; n--) {
    lunatic_receive_tag(NULL, &e, sizeof e, EVENT, LUNATIC_FOREVER);
    printf("%s%s%s\n", e.supervisor, e.supervisor[0] ? ": " : "", e.text);
  }
}

/* Requests to the servers of this file. */
typedef enum { ADD, GET, STOP, CRASH, FAIL, KILL, EXIT, INFOS, NO_ANSWER, LATE, OFF, OK, WAIT, WAITING, RELEASE } op;
typedef struct {
  op op;
  int64_t n;
} request;

static int call(lunatic_pid server, op op, int64_t n, int64_t *answer, uint64_t timeout) {
  request r = {op, n};
  return lunatic_call(server, &r, sizeof r, answer, sizeof *answer, NULL, timeout);
}

/* print_call prints the number that a server answers, or why there is none. */
static void print_call(lunatic_pid server, op op, int64_t n, uint64_t timeout) {
  int64_t answer = 0;
  if (call(server, op, n, &answer, timeout) == LUNATIC_OK) printf("%lld\n", answer);
  else printf("%s\n", lunatic_error());
}

static void cast(lunatic_pid server, op op, int64_t n) {
  request r = {op, n};
  lunatic_cast(server, &r, sizeof r);
}

static lunatic_pid start(const lunatic_server *server) {
  lunatic_pid pid;
  check(lunatic_server_start(server, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  return pid;
}

/* A worker keeps a number. */
static int64_t number;

static lunatic_next worker_call(void *state, lunatic_from from, const void *data, size_t size) {
  const request *r = data;
  (void)state, (void)size;
  if (r->op == ADD) number += r->n;
  LUNATIC_REPLY(from, number);
  return LUNATIC_CONTINUE;
}

static lunatic_next worker_cast(void *state, const void *data, size_t size) {
  const request *r = data;
  (void)state;
  if (r->op == CRASH) crash(data, size);
  return r->op == STOP ? LUNATIC_STOP : LUNATIC_CONTINUE;
}

static const char *no_luck(void *state, const void *arg, size_t size) {
  (void)state, (void)arg, (void)size;
  return "no luck";
}

static const lunatic_server worker = {.call = worker_call, .cast = worker_cast};
static const lunatic_server unlucky = {.init = no_luck};

/* supervise starts a supervisor that tells this process its events. */
static lunatic_pid supervise(const lunatic_supervisor *s) {
  lunatic_watcher me = {lunatic_self(), EVENT};
  lunatic_pid pid;
  check(lunatic_supervisor_start(s, &me, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  return pid;
}

static lunatic_pid child(lunatic_pid supervisor, const char *id) {
  lunatic_child_info all[8];
  int n = lunatic_children(supervisor, all, 8);
  for (int i = 0; i < n; i++)
    if (!strcmp(all[i].id, id)) return all[i].pid;
  check(false);
  return 0;
}

static void print_children(lunatic_pid supervisor) {
  lunatic_child_info all[8];
  SAY("children");
  int n = lunatic_children(supervisor, all, 8);
  for (int i = 0; i < n; i++) printf("%s %s\n", all[i].id, all[i].pid ? "up" : "down");
}

static void shut_down(lunatic_pid supervisor, int n) {
  SAY("shutdown");
  lunatic_shutdown(supervisor);
  events(n);
}

static const lunatic_child abcd[] = {
    {.id = "a", .server = &worker},
    {.id = "b", .server = &worker},
    {.id = "c", .server = &worker},
    {.id = "d", .server = &worker, .restart = LUNATIC_TEMPORARY},
};

#define GENEROUS .intensity = 10, .period = 60000

/* ---- processes ---- */

typedef struct {
  lunatic_pid to;
  int64_t number, more[2];
} sum_arg;

static void add_up(const void *arg, size_t size) {
  const sum_arg *a = arg;
  int64_t sum = a->number + a->more[0] + a->more[1];
  (void)size;
  LUNATIC_SEND(a->to, 1, sum);
}

static void crash_when_told(const void *arg, size_t size) {
  lunatic_receive_tag(NULL, NULL, 0, 1, LUNATIC_FOREVER);
  crash(arg, size);
}

static void parent_of_crash(const void *arg, size_t size) {
  lunatic_spawn_link(1, crash, NULL, 0);
  wait_for_ever(arg, size);
}

static void processes(void) {
  int64_t sum = 0;
  sum_arg a = {lunatic_self(), 20, {15, 7}};
  check(lunatic_spawn(add_up, &a, sizeof a));
  LUNATIC_RECEIVE(NULL, sum, 1, LUNATIC_FOREVER);
  printf("sum: %lld\n", sum);

  lunatic_monitor(ENDED, lunatic_spawn(nothing, NULL, 0));
  const char *reason = end(ENDED);
  printf("monitor: %s\n", strcmp(reason, "noproc") ? reason : "normal");

  lunatic_pid pid = lunatic_spawn(crash_when_told, NULL, 0);
  lunatic_monitor(ENDED, pid);
  lunatic_send(pid, 1, NULL, 0);
  printf("monitor: %s\n", end(ENDED));

  pid = lunatic_spawn(wait_for_ever, NULL, 0);
  lunatic_monitor(ENDED, pid);
  lunatic_kill(pid);
  printf("monitor: %s\n", end(ENDED));

  lunatic_monitor(ENDED, 999999);
  printf("monitor: %s\n", end(ENDED));

  lunatic_message m;
  lunatic_trap_exits(true);
  lunatic_spawn_link(77, crash, NULL, 0);
  lunatic_receive(&m, NULL, 0, LUNATIC_FOREVER);
  printf("link: %s, tag %s\n", m.kind == LUNATIC_LINK_DIED ? lunatic_reason_text(m.reason) : "OTHER", m.tag == 77 ? "matches" : "DIFFERS");

  lunatic_spawn_options both = {.link = 78, .monitor = ENDED};
  lunatic_spawn_with(&both, nothing, NULL, 0);
  end(ENDED);
  printf("link: %s\n", lunatic_receive_tag(NULL, NULL, 0, 78, 0) == LUNATIC_TIMEOUT ? "nothing" : "SOMETHING");

  lunatic_spawn_options monitored = {.monitor = ENDED};
  lunatic_spawn_with(&monitored, parent_of_crash, NULL, 0);
  printf("linked: %s\n", end(ENDED));

  pid = lunatic_spawn_with(&monitored, wait_for_ever, NULL, 0);
  printf("exists: %s", lunatic_alive(pid) ? "yes" : "no");
  lunatic_kill(pid);
  end(ENDED);
  printf(", %s\n", lunatic_alive(pid) ? "yes" : "no");
}

/* ---- mailbox ---- */

enum { LARGE = 100000 };

static struct {
  lunatic_from from;
  uint8_t data[LARGE];
} large;

static void echo(const void *arg, size_t size) {
  lunatic_message m;
  (void)arg, (void)size;
  for (;;) {
    lunatic_receive(&m, &large, sizeof large, LUNATIC_FOREVER);
    lunatic_reply(large.from, large.data, m.size - sizeof large.from);
  }
}

LUNATIC_MAILBOX(counted, int64_t, 8)

static void count_up(const void *arg, size_t size) {
  (void)size;
  for (int64_t i = 0; i < 1000; i++) counted_send(*(const lunatic_pid *)arg, i);
}

static const char *in_time(int result) { return result == LUNATIC_TIMEOUT ? "timeout" : "SOMETHING"; }

static void mailbox(void) {
  lunatic_pid me = lunatic_self();
  char c[4];
  lunatic_send(me, 1, "a", 1);
  lunatic_send(me, 2, "b", 1);
  lunatic_send(me, 0, "c", 1);
  lunatic_send(me, 2, "d", 1);
  lunatic_receive_tag(NULL, c, 1, 2, LUNATIC_FOREVER);
  lunatic_receive_tags(NULL, c + 1, 1, (lunatic_tag[]){1, 2}, 2, LUNATIC_FOREVER);
  lunatic_receive(NULL, c + 2, 1, LUNATIC_FOREVER);
  lunatic_receive(NULL, c + 3, 1, LUNATIC_FOREVER);
  printf("received: %c %c %c %c\n", c[0], c[1], c[2], c[3]);

  printf("%s\n", in_time(lunatic_receive_tag(NULL, NULL, 0, 5, 10)));

  struct {
    lunatic_from from;
    char text[8];
  } hello = {.text = "hello"};
  char reply[8] = "";
  lunatic_pid pid = lunatic_spawn(echo, NULL, 0);
  check(lunatic_request(pid, 1, &hello, sizeof hello, reply, sizeof reply, NULL, LUNATIC_FOREVER) == LUNATIC_OK);
  printf("reply: %s\n", reply);

  char first[6] = "", second[6] = "";
  lunatic_tag either[] = {3, 4};
  lunatic_send_after(me, 3, "later", 5, 10);
  lunatic_send(me, 4, "now", 3);
  lunatic_receive_tags(NULL, first, 5, either, 2, LUNATIC_FOREVER);
  lunatic_receive_tags(NULL, second, 5, either, 2, LUNATIC_FOREVER);
  printf("received: %s %s\n", first, second);

  bool canceled = lunatic_cancel_timer(lunatic_send_after(me, 3, NULL, 0, 3600000));
  printf("canceled: %s, %s\n", canceled ? "yes" : "NO", in_time(lunatic_receive_tag(NULL, NULL, 0, 3, 0)));

  lunatic_register("me", me);
  bool found = lunatic_whereis("me") == me;
  lunatic_unregister("me");
  printf("registry: %s, %s\n", found ? "found" : "NONE", lunatic_whereis("me") ? "FOUND" : "none");

  int64_t sum = 0, n = 0;
  bool ordered = true;
  lunatic_spawn(count_up, &me, sizeof me);
  for (int i = 0; i < 1000; i++) {
    check(counted_receive(&n, LUNATIC_FOREVER) == LUNATIC_OK);
    ordered &= n == i;
    sum += n;
  }
  printf("sum: %lld, %s\n", sum, ordered ? "in order" : "OUT OF ORDER");

  static uint8_t back[LARGE];
  lunatic_message m;
  for (int i = 0; i < LARGE; i++) large.data[i] = i % 251;
  check(lunatic_request(pid, 1, &large, sizeof large, back, sizeof back, &m, LUNATIC_FOREVER) == LUNATIC_OK);
  printf("large: %s\n", m.size == LARGE && !memcmp(back, large.data, LARGE) ? "same" : "DIFFERENT");
}

/* ---- server, server_init, server_stop ---- */

static lunatic_pid told; /* whom the server's terminate tells */
static int64_t infos;

typedef struct {
  lunatic_pid told;
  int64_t number;
} counter_arg;

static const char *counter_init(void *state, const void *arg, size_t size) {
  const counter_arg *a = arg;
  (void)state, (void)size;
  told = a->told;
  number = a->number;
  return NULL;
}

static lunatic_next counter_call(void *state, lunatic_from from, const void *data, size_t size) {
  const request *r = data;
  switch (r->op) {
  case INFOS:
    LUNATIC_REPLY(from, infos);
    return LUNATIC_CONTINUE;
  case STOP:
    lunatic_reply(from, "bye", 4);
    return LUNATIC_STOP;
  default:
    return worker_call(state, from, data, size);
  }
}

static lunatic_next counter_cast(void *state, const void *data, size_t size) {
  const request *r = data;
  (void)state, (void)size;
  if (r->op == FAIL) return LUNATIC_STOP_FAIL;
  number += r->n;
  return LUNATIC_CONTINUE;
}

static lunatic_next counter_info(void *state, const lunatic_message *m, const void *data, size_t size) {
  (void)state, (void)data, (void)size;
  infos += m->tag == PLAIN;
  return LUNATIC_CONTINUE;
}

static void tell_number(void *state, lunatic_cause why) {
  (void)state, (void)why;
  LUNATIC_SEND(told, TOLD, number);
}

static void tell_why(void *state, lunatic_cause why) {
  static const char *const texts[] = {"normal", "failed", "shutdown"};
  (void)state;
  lunatic_send(told, TOLD, texts[why], strlen(texts[why]) + 1);
}

static const lunatic_server counter = {
    .init = counter_init, .call = counter_call, .cast = counter_cast, .info = counter_info, .terminate = tell_number};
static const lunatic_server teller = {.init = counter_init, .cast = counter_cast, .terminate = tell_why};

static lunatic_pid start_counter(const lunatic_server *server, int64_t n) {
  counter_arg arg = {lunatic_self(), n};
  lunatic_pid pid;
  check(lunatic_server_start(server, NULL, &arg, sizeof arg, LUNATIC_FOREVER, &pid) == LUNATIC_OK);
  return pid;
}

static void server(void) {
  SAY("start 10");
  lunatic_pid pid = start_counter(&counter, 10);
  SAY("call add 5");
  print_call(pid, ADD, 5, LUNATIC_FOREVER);
  SAY("cast add 1");
  cast(pid, ADD, 1);
  SAY("call get");
  print_call(pid, GET, 0, LUNATIC_FOREVER);
  SAY("send two messages");
  lunatic_send(pid, PLAIN, NULL, 0);
  lunatic_send(pid, PLAIN, NULL, 0);
  SAY("call infos");
  print_call(pid, INFOS, 0, LUNATIC_FOREVER);
  lunatic_monitor(ENDED, pid);
  SAY("call stop");
  request stop = {STOP, 0};
  char bye[4] = "";
  check(lunatic_call(pid, &stop, sizeof stop, bye, sizeof bye, NULL, LUNATIC_FOREVER) == LUNATIC_OK);
  printf("%s\n", bye);
  int64_t last = 0;
  LUNATIC_RECEIVE(NULL, last, TOLD, LUNATIC_FOREVER);
  printf("terminate: %lld\n", last);
  printf("end: %s\n", end(ENDED));
  SAY("call get");
  print_call(pid, GET, 0, LUNATIC_FOREVER);
}

static const char *crash_in_init(void *state, const void *arg, size_t size) {
  (void)state;
  crash(arg, size);
  return NULL;
}

static const char *exit_in_init(void *state, const void *arg, size_t size) {
  (void)state, (void)arg, (void)size;
  exit(0);
}

static void server_init(void) {
  static const lunatic_server crashing = {.init = crash_in_init}, exiting = {.init = exit_in_init};
  const struct {
    const char *name;
    const lunatic_server *server;
  } all[] = {{"refuse", &unlucky}, {"crash", &crashing}, {"exit", &exiting}};
  for (int i = 0; i < 3; i++) {
    lunatic_pid pid;
    SAY("%s", all[i].name);
    int result = lunatic_server_start(all[i].server, NULL, NULL, 0, LUNATIC_FOREVER, &pid);
    printf("%s\n", result == LUNATIC_OK ? "STARTED" : lunatic_error());
  }
}

static void print_end(void) {
  char why[10];
  lunatic_receive_tag(NULL, why, sizeof why, TOLD, LUNATIC_FOREVER);
  printf("terminate: %s\nend: %s\n", why, end(ENDED));
}

static void server_stop(void) {
  lunatic_pid pid = start_counter(&teller, 1);
  lunatic_monitor(ENDED, pid);
  SAY("shutdown");
  lunatic_shutdown(pid);
  print_end();
  pid = start_counter(&teller, 1);
  lunatic_monitor(ENDED, pid);
  SAY("fail");
  cast(pid, FAIL, 0);
  print_end();
}

/* ---- call_timeout, call_dies ---- */

static lunatic_from late; /* who is answered at the next GET */

static lunatic_next odd_call(void *state, lunatic_from from, const void *data, size_t size) {
  static const int64_t answer = 42;
  const request *r = data;
  (void)state;
  switch (r->op) {
  case NO_ANSWER:
    return LUNATIC_CONTINUE;
  case LATE:
    late = from;
    return LUNATIC_CONTINUE;
  case GET:
    if (late.pid) LUNATIC_REPLY(late, answer);
    break;
  case CRASH:
    crash(data, size);
    break;
  case KILL:
    lunatic_kill(lunatic_self());
    return LUNATIC_CONTINUE;
  case EXIT:
    exit(0);
  default:
    break;
  }
  LUNATIC_REPLY(from, answer);
  return LUNATIC_CONTINUE;
}

static const lunatic_server odd = {.call = odd_call};

static void call_timeout(void) {
  lunatic_pid pid = start(&odd);
  SAY("call never");
  print_call(pid, NO_ANSWER, 0, 20);
  SAY("call get");
  print_call(pid, GET, 0, LUNATIC_FOREVER);
  SAY("call late");
  print_call(pid, LATE, 0, 5);
  SAY("call get");
  print_call(pid, GET, 0, LUNATIC_FOREVER);
  SAY("look");
  printf("%s\n", lunatic_receive(NULL, NULL, 0, 0) == LUNATIC_TIMEOUT ? "nothing" : "SOMETHING");
}

static void call_dies(void) {
  const struct {
    const char *name;
    op op;
  } all[] = {{"crash", CRASH}, {"kill", KILL}, {"exit", EXIT}};
  lunatic_pid pid = 0;
  for (int i = 0; i < 3; i++) {
    pid = start(&odd);
    SAY("%s", all[i].name);
    print_call(pid, all[i].op, 0, LUNATIC_FOREVER);
  }
  SAY("call again");
  print_call(pid, GET, 0, LUNATIC_FOREVER);
}

/* ---- deferred ---- */

static struct {
  lunatic_from from[8];
  int64_t n;
} kept;

static lunatic_next keeper_call(void *state, lunatic_from from, const void *data, size_t size) {
  const request *r = data;
  (void)state, (void)size;
  if (r->op == WAIT) {
    kept.from[kept.n++] = from;
    return LUNATIC_CONTINUE;
  }
  if (r->op == RELEASE)
    for (int64_t i = 0; i < kept.n; i++) LUNATIC_REPLY(kept.from[i], r->n);
  LUNATIC_REPLY(from, kept.n);
  return LUNATIC_CONTINUE;
}

static void wait_task(const void *arg, size_t size) {
  int64_t answer;
  (void)size;
  check(call(*(const lunatic_pid *)arg, WAIT, 0, &answer, LUNATIC_FOREVER) == LUNATIC_OK);
  lunatic_task_return(&answer, sizeof answer);
}

static void print_value(lunatic_task *task, const char *before, uint64_t timeout) {
  int64_t value;
  if (lunatic_await(task, &value, sizeof value, NULL, timeout) == LUNATIC_OK) printf("%s%lld\n", before, value);
  else printf("%s\n", lunatic_error());
}

static void deferred(void) {
  static const lunatic_server keeper = {.call = keeper_call};
  lunatic_pid pid = start(&keeper);
  lunatic_task tasks[3];
  SAY("wait, three times");
  for (int i = 0; i < 3; i++) check(lunatic_async(&tasks[i], NULL, wait_task, &pid, sizeof pid) == LUNATIC_OK);
  for (int64_t n = 0; n < 3;) check(call(pid, WAITING, 0, &n, LUNATIC_FOREVER) == LUNATIC_OK);
  SAY("release 7");
  print_call(pid, RELEASE, 7, LUNATIC_FOREVER);
  for (int i = 0; i < 3; i++) print_value(&tasks[i], "", LUNATIC_FOREVER);
}

/* ---- Supervisors ---- */

static const lunatic_child types[] = {
    {.id = "a", .server = &worker},
    {.id = "b", .server = &worker, .restart = LUNATIC_TRANSIENT},
    {.id = "c", .server = &worker, .restart = LUNATIC_TEMPORARY},
};
LUNATIC_SUPERVISOR(types_sup, 3, GENEROUS, .children = types, .count = 3);

static void restart_types(void) {
  lunatic_pid sup = supervise(&types_sup);
  events(3);
  SAY("stop c");
  cast(child(sup, "c"), STOP, 0);
  events(1);
  print_children(sup);
  SAY("stop b");
  cast(child(sup, "b"), STOP, 0);
  events(1);
  print_children(sup);
  SAY("restart b");
  check(lunatic_child_restart(sup, "b", NULL) == LUNATIC_OK);
  events(1);
  SAY("crash b");
  cast(child(sup, "b"), CRASH, 0);
  events(2);
  SAY("kill b");
  lunatic_kill(child(sup, "b"));
  events(2);
  SAY("stop a");
  cast(child(sup, "a"), STOP, 0);
  events(2);
  print_children(sup);
  shut_down(sup, 3);
}

LUNATIC_SUPERVISOR(all_sup, 4, GENEROUS, .strategy = LUNATIC_ONE_FOR_ALL, .children = abcd, .count = 4);

static void one_for_all(void) {
  lunatic_pid sup = supervise(&all_sup);
  events(4);
  SAY("add 5 to a");
  print_call(child(sup, "a"), ADD, 5, LUNATIC_FOREVER);
  SAY("crash b");
  cast(child(sup, "b"), CRASH, 0);
  events(7);
  SAY("get of a");
  print_call(child(sup, "a"), GET, 0, LUNATIC_FOREVER);
  print_children(sup);
  shut_down(sup, 4);
}

LUNATIC_SUPERVISOR(rest_sup, 3, GENEROUS, .strategy = LUNATIC_REST_FOR_ONE, .children = abcd, .count = 3);

static void rest_for_one(void) {
  lunatic_pid sup = supervise(&rest_sup);
  events(3);
  SAY("add 5 to a");
  print_call(child(sup, "a"), ADD, 5, LUNATIC_FOREVER);
  SAY("add 6 to c");
  print_call(child(sup, "c"), ADD, 6, LUNATIC_FOREVER);
  SAY("crash b");
  cast(child(sup, "b"), CRASH, 0);
  events(4);
  SAY("get of a");
  print_call(child(sup, "a"), GET, 0, LUNATIC_FOREVER);
  SAY("get of c");
  print_call(child(sup, "c"), GET, 0, LUNATIC_FOREVER);
  shut_down(sup, 4);
}

LUNATIC_SUPERVISOR(intensity_sup, 2, .intensity = 2, .period = 60000, .children = abcd, .count = 2);

static void intensity(void) {
  lunatic_pid sup = supervise(&intensity_sup);
  lunatic_monitor(ENDED, sup);
  events(2);
  for (int i = 0; i < 3; i++) {
    SAY("crash a");
    cast(child(sup, "a"), CRASH, 0);
    events(i < 2 ? 2 : 3);
  }
  printf("supervisor: %s\n", end(ENDED));
}

LUNATIC_SUPERVISOR(period_sup, 1, .intensity = 1, .period = 100, .children = abcd, .count = 1);

static void period(void) {
  lunatic_pid sup = supervise(&period_sup);
  events(1);
  for (int i = 0; i < 3; i++) {
    SAY("crash a");
    cast(child(sup, "a"), CRASH, 0);
    events(2);
    if (i < 2) lunatic_sleep(300);
  }
  shut_down(sup, 2);
}

static const lunatic_child three_ways[] = {
    {.id = "polite", .server = &worker},
    {.id = "stubborn", .function = wait_for_ever, .shutdown = 20},
    {.id = "brutal", .function = wait_for_ever, .shutdown = LUNATIC_BRUTAL_KILL},
};
LUNATIC_SUPERVISOR(three_ways_sup, 3, GENEROUS, .children = three_ways, .count = 3);

static void shutdown(void) {
  lunatic_pid sup = supervise(&three_ways_sup);
  lunatic_monitor(ENDED, sup);
  events(3);
  shut_down(sup, 4);
  printf("supervisor: %s\n", end(ENDED));
}

static const lunatic_child failing[] = {{.id = "a", .server = &worker}, {.id = "b", .server = &unlucky}};
LUNATIC_SUPERVISOR(failing_sup, 2, GENEROUS, .children = failing, .count = 2);

static void start_fails(void) {
  lunatic_watcher me = {lunatic_self(), EVENT};
  lunatic_pid pid;
  int result = lunatic_supervisor_start(&failing_sup, &me, NULL, NULL, 0, LUNATIC_FOREVER, &pid);
  char error[100];
  snprintf(error, sizeof error, "%s", result == LUNATIC_OK ? "STARTED" : lunatic_error());
  events(3);
  printf("error: %s\n", error);
}

static lunatic_next switch_call(void *state, lunatic_from from, const void *data, size_t size) {
  static int64_t ok = 1;
  (void)state, (void)size;
  if (((const request *)data)->op == OFF) ok = 0;
  LUNATIC_REPLY(from, ok);
  return LUNATIC_CONTINUE;
}

static const char *flaky_init(void *state, const void *arg, size_t size) {
  int64_t ok = 0;
  (void)state, (void)arg, (void)size;
  return call(lunatic_whereis("switch"), OK, 0, &ok, LUNATIC_FOREVER) == LUNATIC_OK && ok ? NULL : "switched off";
}

static const lunatic_server flaky = {.init = flaky_init, .call = worker_call, .cast = worker_cast};
static const lunatic_child flaky_child = {.id = "flaky", .server = &flaky};
LUNATIC_SUPERVISOR(flaky_sup, 1, .intensity = 3, .period = 60000, .children = &flaky_child, .count = 1);

static void restart_fails(void) {
  static const lunatic_server on_off = {.call = switch_call};
  lunatic_pid on = start(&on_off);
  lunatic_register("switch", on);
  lunatic_pid sup = supervise(&flaky_sup);
  lunatic_monitor(ENDED, sup);
  events(1);
  SAY("off");
  int64_t off;
  check(call(on, OFF, 0, &off, LUNATIC_FOREVER) == LUNATIC_OK && !off);
  SAY("crash flaky");
  cast(child(sup, "flaky"), CRASH, 0);
  events(5);
  printf("supervisor: %s\n", end(ENDED));
}

LUNATIC_SUPERVISOR(dynamic_sup, 4, GENEROUS);

/* answer prints n events, then what a request has answered. */
static void answer(int n, const char *ok, int result) {
  events(n);
  switch (result) {
  case LUNATIC_OK:
    printf("%s\n", ok);
    break;
  case LUNATIC_ALREADY_STARTED:
    printf("already started\n");
    break;
  case LUNATIC_ALREADY_PRESENT:
    printf("already present\n");
    break;
  case LUNATIC_RUNNING:
    printf("running\n");
    break;
  case LUNATIC_NOT_FOUND:
    printf("not found\n");
    break;
  default:
    printf("failed: %s\n", lunatic_error());
  }
}

static void dynamic(void) {
  static const lunatic_child a = {.id = "a", .server = &worker}, bad = {.id = "bad", .server = &unlucky},
                             tmp = {.id = "tmp", .server = &worker, .restart = LUNATIC_TEMPORARY};
  lunatic_pid sup = supervise(&dynamic_sup), first = 0, second = 0;
  SAY("start a");
  answer(1, "started", lunatic_child_start(sup, &a, &first));
  SAY("start a");
  answer(0, "started", lunatic_child_start(sup, &a, &second));
  check(first && first == second);
  SAY("terminate a");
  answer(1, "done", lunatic_child_terminate(sup, "a"));
  SAY("terminate a");
  answer(0, "done", lunatic_child_terminate(sup, "a"));
  SAY("start a");
  answer(0, "started", lunatic_child_start(sup, &a, NULL));
  print_children(sup);
  SAY("restart a");
  answer(1, "started", lunatic_child_restart(sup, "a", &second));
  check(second && first != second);
  SAY("restart a");
  answer(0, "started", lunatic_child_restart(sup, "a", NULL));
  SAY("delete a");
  answer(0, "done", lunatic_child_delete(sup, "a"));
  SAY("start bad");
  answer(1, "started", lunatic_child_start(sup, &bad, NULL));
  print_children(sup);
  SAY("start tmp");
  answer(1, "started", lunatic_child_start(sup, &tmp, NULL));
  SAY("terminate tmp");
  answer(1, "done", lunatic_child_terminate(sup, "tmp"));
  SAY("restart tmp");
  answer(0, "started", lunatic_child_restart(sup, "tmp", NULL));
  SAY("terminate none");
  answer(0, "done", lunatic_child_terminate(sup, "none"));
  SAY("restart none");
  answer(0, "started", lunatic_child_restart(sup, "none", NULL));
  SAY("delete none");
  answer(0, "done", lunatic_child_delete(sup, "none"));
  SAY("terminate a");
  answer(1, "done", lunatic_child_terminate(sup, "a"));
  SAY("delete a");
  answer(0, "done", lunatic_child_delete(sup, "a"));
  print_children(sup);
  shut_down(sup, 1);
}

static const lunatic_child named = {.id = "a", .server = &worker, .name = "svc"};
LUNATIC_SUPERVISOR(named_sup, 1, GENEROUS, .children = &named, .count = 1);

static void names(void) {
  lunatic_pid sup = supervise(&named_sup);
  events(1);
  SAY("add 3 by name");
  lunatic_pid first = lunatic_whereis("svc");
  print_call(first, ADD, 3, LUNATIC_FOREVER);
  SAY("crash a");
  cast(first, CRASH, 0);
  events(2);
  lunatic_pid second = lunatic_whereis("svc");
  printf("%s\n", second && second != first ? "another process" : "THE SAME");
  SAY("get by name");
  print_call(second, GET, 0, LUNATIC_FOREVER);
  shut_down(sup, 2);
  printf("svc: %s\n", lunatic_whereis("svc") ? "FOUND" : "none");
}

LUNATIC_SUPERVISOR(killed_sup, 2, GENEROUS, .children = abcd, .count = 2);

static void supervisor_killed(void) {
  lunatic_pid sup = supervise(&killed_sup);
  events(2);
  lunatic_monitor(ENDED + 10, child(sup, "a"));
  lunatic_monitor(ENDED + 11, child(sup, "b"));
  lunatic_monitor(ENDED + 12, sup);
  SAY("kill the supervisor");
  lunatic_kill(sup);
  printf("a: %s\n", end(ENDED + 10));
  printf("b: %s\n", end(ENDED + 11));
  printf("supervisor: %s\n", end(ENDED + 12));
}

static const lunatic_child leaf = {.id = "leaf", .server = &worker};
LUNATIC_SUPERVISOR(inner_sup, 1, .id = "inner", .intensity = 1, .period = 60000, .children = &leaf, .count = 1);

static const lunatic_child outer_children[] = {
    {.id = "inner", .supervisor = &inner_sup, .shutdown = LUNATIC_INFINITY},
    {.id = "b", .server = &worker},
};
LUNATIC_SUPERVISOR(outer_sup, 2, GENEROUS, .children = outer_children, .count = 2);

static void nested(void) {
  lunatic_pid sup = supervise(&outer_sup);
  events(3);
  SAY("crash leaf");
  cast(child(child(sup, "inner"), "leaf"), CRASH, 0);
  events(2);
  SAY("crash leaf");
  cast(child(child(sup, "inner"), "leaf"), CRASH, 0);
  events(5);
  shut_down(sup, 5);
}

/* ---- task ---- */

static void multiply(const void *arg, size_t size) {
  const int64_t *n = arg;
  int64_t product = n[0] * n[1];
  (void)size;
  lunatic_task_return(&product, sizeof product);
}

static void sleep_for_ever(const void *arg, size_t size) {
  (void)arg, (void)size;
  lunatic_sleep(LUNATIC_FOREVER);
}

static void task(void) {
  lunatic_task t;
  check(lunatic_async(&t, NULL, multiply, (int64_t[]){6, 7}, 16) == LUNATIC_OK);
  print_value(&t, "value: ", LUNATIC_FOREVER);
  check(lunatic_async(&t, NULL, crash, NULL, 0) == LUNATIC_OK);
  print_value(&t, "value: ", LUNATIC_FOREVER);
  check(lunatic_async(&t, NULL, sleep_for_ever, NULL, 0) == LUNATIC_OK);
  print_value(&t, "value: ", 20);
  lunatic_cancel(&t);
  printf("%s\n", lunatic_alive(t.pid) ? "ALIVE" : "canceled");
  lunatic_spawn_options linked = {.link = 5};
  check(lunatic_async(&t, &linked, multiply, (int64_t[]){1, 1}, 16) == LUNATIC_OK);
  print_value(&t, "value: ", LUNATIC_FOREVER);
}

#define SCENARIO(name) {#name, name}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*play)(void);
  } all[] = {
      SCENARIO(processes),    SCENARIO(mailbox),       SCENARIO(server),       SCENARIO(server_init),
      SCENARIO(server_stop),  SCENARIO(call_timeout),  SCENARIO(call_dies),    SCENARIO(deferred),
      SCENARIO(restart_types), SCENARIO(one_for_all),  SCENARIO(rest_for_one), SCENARIO(intensity),
      SCENARIO(period),       SCENARIO(shutdown),      SCENARIO(start_fails),  SCENARIO(restart_fails),
      SCENARIO(dynamic),      SCENARIO(names),         SCENARIO(supervisor_killed), SCENARIO(nested),
      SCENARIO(task),
  };
  for (size_t i = 0; argc > 1 && i < sizeof all / sizeof *all; i++)
    if (!strcmp(argv[1], all[i].name)) {
      all[i].play();
      return 0;
    }
  return 2;
}
