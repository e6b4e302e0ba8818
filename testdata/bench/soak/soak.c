// The guest of lunatic-bench soak: processes that do at random whatever the host offers.
// What each does and sees it tells the host program (the functions of "soak"), which knows
// what must be true: see cmd/lunatic-bench/soak.go. Functions of "soak" never wait.
#include "../../modules/c/lunatic.h"

#define SOAK(name) __attribute__((import_module("soak"), import_name(#name)))
#define NOINLINE __attribute__((noinline))

// begin tells who has spawned the process, the tag of the link with it (0 for none), and
// what it is: one of the next.
SOAK(begin) void begin(uint64_t parent, uint64_t link, uint32_t is);
enum { MORTAL, SURVIVES, SERVICE }; // the ends of linked processes are messages for the second; the third is nobody's peer
SOAK(state) uint32_t state(void); // one of the next
enum { RUN, DRAIN, FINISH };
SOAK(pick) uint64_t pick(uint64_t random);                    // a process, 0 if there is none
SOAK(next) uint64_t next_number(uint64_t to, uint32_t class); // number of the next message
SOAK(sent) void sent(uint64_t to, uint32_t class, uint64_t number);
SOAK(got) void got(uint64_t from, uint32_t class, uint64_t number);
SOAK(may_link) uint64_t may_link(uint64_t peer); // a tag, 0 if the two were linked already; 0 for peer: any tag
SOAK(linked) void linked(uint64_t tag);
SOAK(room) uint32_t room(void); // for another process
SOAK(spawned) void spawned(uint64_t child, uint64_t link);
SOAK(may_unlink) uint64_t may_unlink(uint64_t random); // a linked process, 0 if there is none
SOAK(link_died) void told_link_died(uint64_t tag);
SOAK(may_monitor) uint32_t may_monitor(uint64_t peer);
SOAK(may_demonitor) uint64_t may_demonitor(uint64_t random);
SOAK(process_died) void told_process_died(uint64_t id);
SOAK(killing) void killing(uint64_t id);
SOAK(leaving) void leaving(uint32_t failed);
SOAK(timer) uint64_t new_timer(uint64_t to);
SOAK(timer_set) void timer_set(uint64_t timer);
SOAK(timer_fired) void timer_fired(uint64_t timer);
SOAK(timer_canceled) void timer_canceled(uint64_t timer);
SOAK(stamp) uint64_t stamp(void);
SOAK(found) void found(uint64_t id, uint64_t stamp);
SOAK(hibernate) void hibernate(void); // somebody kills or wakes this process
SOAK(port) uint32_t port(void);
SOAK(listening) void listening(uint32_t port);
SOAK(stream) void count_stream(uint32_t how); // one of the next
enum { ECHOED, BROKEN, REFUSED };
SOAK(slow) uint32_t slow(void); // every round of a loop takes long: slices are short
SOAK(op) void op(uint32_t what);
SOAK(fail) void fail(uint32_t line, uint64_t a, uint64_t b); // something is wrong

#define CHECK(cond, a, b) do { if (!(cond)) fail(__LINE__, a, b); } while (0)

IMPORT("process", "sleep_ms") void sleep_ms(uint64_t ms);
IMPORT("process", "link") void link_process(int64_t tag, uint64_t id);
IMPORT("process", "unlink") void unlink_process(uint64_t id);
IMPORT("process", "stop_monitoring") void stop_monitoring(uint64_t id);
IMPORT("process", "create_config") int64_t create_config(void);
IMPORT("process", "drop_config") void drop_config(int64_t id);
IMPORT("process", "config_set_max_memory") void config_set_max_memory(int64_t id, uint64_t bytes);
IMPORT("process", "config_set_can_spawn_processes") void config_set_can_spawn(int64_t id, uint32_t can);
IMPORT("message", "seek_data") void seek_data(uint64_t at);
IMPORT("message", "data_size") uint64_t data_size(void);
IMPORT("message", "send_receive_skip_search") uint32_t send_receive(uint64_t to, int64_t tag, uint64_t timeout);
IMPORT("timer", "send_after") uint64_t send_after(uint64_t id, uint64_t ms);
IMPORT("timer", "cancel_timer") uint32_t cancel_timer(uint64_t timer);
IMPORT("registry", "put") void registry_put(const char *name, size_t n, uint64_t node, uint64_t id);
IMPORT("registry", "get") uint32_t registry_get(const char *name, size_t n, uint64_t *node, uint64_t *id);
IMPORT("registry", "remove") void registry_remove(const char *name, size_t n);
IMPORT("trap", "catch") uint32_t catch_trap(uint32_t plan, uint32_t arg);
IMPORT("networking", "tcp_connect")
uint32_t tcp_connect(uint32_t type, const void *addr, uint32_t port, uint32_t flow, uint32_t scope, uint64_t timeout, uint64_t *id);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("clock_time_get")))
uint32_t clock_time_get(uint32_t id, uint64_t precision, uint64_t *time);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sched_yield"))) uint32_t yield_turn(void);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void leave_with(uint32_t code);

// Tags. Classes of numbered messages: 0 has no tag.
enum { CLASSES = 5, REQUEST = 10, STREAM, TIMED, WAKE, NOBODY };
#define LINKS (1ull << 40)  // tags of links, below the next
#define ANSWERS (1ull << 50) // tags of answers

static const uint8_t loopback[4] = {127, 0, 0, 1};
static uint64_t self, rng;
static int started; // 0 in a new instance
static uint32_t stride = 1; // from one word of memory to the next that is looked at

static uint32_t roll(uint32_t n) { // xorshift64*
  rng ^= rng >> 12;
  rng ^= rng << 25;
  rng ^= rng >> 27;
  return (uint32_t)((rng * 2685821657736338717ull) >> 33) % n;
}

// ---- Messages ----

typedef struct {
  uint64_t magic, from, number; // of a request: the tag of the answer
  uint32_t class, len, sum;
} header;
enum { MAGIC = 0x50a4 };

static uint8_t buffer[70000];

static uint32_t sum(const uint8_t *p, size_t n, uint32_t s) {
  while (n--) s = s * 31 + *p++;
  return s;
}

static void compose(int64_t tag, uint32_t class, uint64_t number, uint32_t len) {
  header h = {MAGIC, self, number, class, len, (uint32_t)number};
  for (uint32_t i = 0; i < len; i++) buffer[i] = (uint8_t)(number + i * 7);
  h.sum = sum(buffer, len, h.sum);
  create_data(tag, sizeof h + len);
  write_data(&h, sizeof h);
  write_data(buffer, len);
}

static void send_numbered(uint64_t to) {
  uint32_t class = roll(CLASSES), len = stride > 1 ? roll(30) : roll(40) ? roll(200) : roll(sizeof buffer);
  uint64_t number = next_number(to, class);
  compose(class, class, number, len);
  send_message(to);
  sent(to, class, number);
}

static void echo_token(uint64_t stream, uint64_t token) {
  uint8_t back[8];
  size_t have = 0;
  set_read_timeout(stream, 200);
  set_write_timeout(stream, 200);
  if (!write_all(stream, (const char *)&token, 8)) {
    count_stream(BROKEN);
    drop_tcp_stream(stream);
    return;
  }
  while (have < 8) {
    uint64_t n = 0;
    uint32_t status = tcp_read(stream, back + have, 8 - have, &n);
    if (status == 1) drop_error(n);
    if (status || n == 0) break; // too late, or the other end has died
    CHECK(n <= 8 - have, n, have);
    have += n;
  }
  if (have == 8) CHECK(memcmp(back, &token, 8) == 0, token, *(uint64_t *)back);
  count_stream(have == 8 ? ECHOED : BROKEN);
  drop_tcp_stream(stream);
}

static void answer(const header *h) {
  create_data((int64_t)h->number, 8);
  uint64_t v = h->number + 1;
  write_data(&v, 8);
  send_message(h->from);
}

// handle looks at the message in the scratch slot.
static void handle(uint32_t kind) {
  int64_t tag = get_tag();
  if (kind == LINK_DIED) {
    CHECK(tag == 0 || ((uint64_t)tag >= LINKS && (uint64_t)tag < ANSWERS), tag, 0);
    told_link_died(tag);
    return;
  }
  if (kind == PROCESS_DIED) {
    CHECK(tag == 0, tag, 0);
    told_process_died(get_process_id());
    return;
  }
  CHECK(kind == DATA, kind, tag);
  if ((uint64_t)tag >= ANSWERS || tag == WAKE) return; // an answer that came too late
  header h;
  uint64_t size = data_size();
  if (size < sizeof h || read_data(&h, sizeof h) != sizeof h || h.magic != MAGIC || h.len != size - sizeof h || h.len > sizeof buffer) {
    fail(__LINE__, tag, size);
    return;
  }
  uint32_t n = 0;
  while (n < h.len) { // in pieces
    uint32_t part = read_data(buffer + n, h.len - n > 5000 ? 5000 : h.len - n);
    if (part == 0) break;
    n += part;
  }
  CHECK(n == h.len && sum(buffer, n, (uint32_t)h.number) == h.sum, h.from, h.number);
  switch (tag) {
  case REQUEST: answer(&h); break;
  case STREAM: echo_token(take_tcp_stream(0), h.number); break;
  case TIMED: timer_fired(h.number); break;
  default:
    CHECK(tag == h.class && h.class < CLASSES, tag, h.class);
    got(h.from, h.class, h.number);
  }
}

static bool receive_one(uint64_t timeout) {
  uint32_t kind = receive(NULL, 0, timeout);
  if (kind == TIMEOUT) return false;
  handle(kind);
  return true;
}

static void receive_some(void) {
  for (int i = 0; i < 8 && receive_one(0); i++) {}
}

static void selective(void) {
  int64_t tags[3] = {1 + roll(CLASSES - 1), 1 + roll(CLASSES - 1), TIMED};
  uint32_t n = 1 + roll(3);
  for (int i = 0; i < 4; i++) {
    uint32_t kind = receive(tags, n, i ? 0 : roll(3));
    if (kind == TIMEOUT) return;
    int64_t tag = get_tag();
    CHECK(kind == DATA && (tag == tags[0] || (n > 1 && tag == tags[1]) || (n > 2 && tag == tags[2])), kind, tag);
    handle(kind);
  }
}

static void request(uint64_t to) {
  static uint64_t requests;
  uint64_t tag = ANSWERS + (self << 20) + requests++;
  compose(REQUEST, 0, tag, roll(50));
  uint32_t kind = send_receive(to, (int64_t)tag, roll(4) ? 20 : roll(2));
  if (kind == TIMEOUT) return;
  uint64_t v = 0;
  CHECK(kind == DATA && get_tag() == (int64_t)tag && read_data(&v, 8) == 8 && v == tag + 1, kind, v);
}

static void wait_in_vain(void) {
  uint64_t before, after, ms = roll(4);
  int64_t tag = NOBODY;
  clock_time_get(1, 0, &before);
  uint32_t kind = receive(&tag, 1, ms);
  clock_time_get(1, 0, &after);
  CHECK(kind == TIMEOUT, kind, ms);
  CHECK(after - before >= ms * 1000000, after - before, ms);
}

// ---- Timers ----

enum { TIMERS = 8 };
static struct { uint64_t number, timer; } timers[TIMERS];
static uint32_t ntimers;

static void set_timer(uint64_t to) {
  uint64_t number = new_timer(to);
  compose(TIMED, 0, number, roll(30));
  uint64_t timer = send_after(to, roll(30));
  timer_set(number);
  timers[ntimers % TIMERS].number = number;
  timers[ntimers++ % TIMERS].timer = timer;
}

static void cancel_one(void) {
  if (ntimers == 0) return;
  uint32_t i = roll(ntimers < TIMERS ? ntimers : TIMERS);
  if (cancel_timer(timers[i].timer)) timer_canceled(timers[i].number);
  CHECK(cancel_timer(timers[i].timer) == 0, i, timers[i].timer);
}

// ---- Memory ----

static uint32_t *grown; // pages of our own, each full of its number
static uint32_t pages;
static uint64_t limit; // of a process that may not spawn either, else 0

static void grow(void) {
  if (pages >= 8) return;
  size_t at = __builtin_wasm_memory_grow(0, 1);
  if (at == (size_t)-1) return;
  CHECK(!limit || (at + 1) << 16 <= limit, at, limit);
  uint32_t *page = (uint32_t *)(at << 16);
  for (int i = 0; i < 16384; i += stride) {
    if (page[i]) {
      fail(__LINE__, at, page[i]); // somebody else's
      break;
    }
    page[i] = (uint32_t)self * 1000 + pages;
  }
  if (!grown) grown = page;
  pages++;
}

static void check_memory(void) {
  for (uint32_t p = 0; p < pages; p++)
    for (int i = 0; i < 16384; i += stride * 64)
      if (grown[p * 16384 + i] != (uint32_t)self * 1000 + p) {
        fail(__LINE__, p, grown[p * 16384 + i]);
        return;
      }
}

// ---- Processes ----

static uint64_t spawn_with(int64_t config, const char *func, uint64_t link, int n, const uint64_t *args) {
  uint8_t params[4 * 17] = {0};
  uint64_t id = 0;
  for (int i = 0; i < n; i++) {
    params[17 * i] = 0x7E;
    memcpy(params + 17 * i + 1, args + i, 8);
  }
  if (spawn((int64_t)link, config, -1, func, strlen(func), params, 17 * n, &id)) {
    drop_error(id);
    return 0;
  }
  return id;
}

static void spawn_child(void) {
  if (!room()) return;
  uint64_t tag = roll(2) ? may_link(0) : 0, r = ((uint64_t)roll(1u << 30) << 30) | roll(1u << 30) | 1;
  int64_t config = -1;
  uint64_t max = 0;
  if (roll(5) == 0 && (config = create_config()) >= 0) {
    max = __builtin_wasm_memory_size(0) << 16;
    config_set_max_memory(config, max);
    config_set_can_spawn(config, 0);
  }
  uint64_t child = spawn_with(config, "worker", tag, 4, (uint64_t[]){r, self, tag, max});
  if (config >= 0) drop_config(config);
  CHECK(!limit || !child, child, limit);
  if (child) spawned(child, tag);
}

static void may_not_spawn(void) {
  CHECK(spawn_with(-1, "worker", 0, 4, (uint64_t[]){1, self, 0, 0}) == 0, 0, 0);
}

static void wake_or_die(void) {
  hibernate();
  int64_t tag = WAKE;
  CHECK(receive(&tag, 1, FOREVER) == DATA, 0, 0);
}

static void registry(void) {
  char name[8] = "name ";
  name[5] = 'a' + roll(8);
  switch (roll(4)) {
  case 0: registry_put(name, 6, 0, self); break;
  case 1: registry_remove(name, 6); break;
  default: {
    uint64_t node = 7, id = 0, s = stamp();
    if (registry_get(name, 6, &node, &id) == 0) {
      CHECK(node == 0, node, id);
      found(id, s);
    }
  }
  }
}

// ---- Traps ----

static volatile uint32_t zero;

static NOINLINE uint32_t overflow(uint32_t x) {
  if (x == zero) return 1;
  uint32_t below = overflow(x + 2);
  return below * 31 + (below >> 3 ^ x);
}

enum { ADD, TRAP, OUTSIDE, WAITS, SENDS, NESTED, SLEEPS, OVERFLOWS, EXITS, MISUSES, PLANS };

static NOINLINE uint32_t catch_in_frame(uint32_t plan, uint32_t arg) {
  volatile uint8_t frame[32]; // restores the stack pointer, which a trap leaves where it was
  frame[roll(32)] = (uint8_t)arg;
  uint32_t r = catch_trap(plan, arg);
  return r + (frame[0] - frame[0]);
}

EXPORT("_lunatic_catch_trap") uint32_t caught(uint32_t plan, uint32_t arg) {
  switch (plan) {
  case ADD: return arg + 1;
  case TRAP: return arg / zero;
  case OUTSIDE: return *(volatile uint32_t *)(0xfffffff0 - 4 * (arg & 1));
  case WAITS: receive_one(roll(3)); return arg + 1;
  case SENDS: {
    uint64_t to = pick(rng);
    if (to) send_numbered(to);
    __builtin_trap();
  }
  case NESTED: return catch_in_frame(TRAP, 3) + catch_in_frame(ADD, arg);
  case SLEEPS: sleep_ms(1); __builtin_trap();
  case OVERFLOWS: return overflow(1);
  case EXITS: leave_with(arg & 1);
  default: drop_error(1000000); return 5;
  }
}

static void try_catch(void) {
  uint32_t plan = roll(PLANS), arg = 1 + roll(1000);
  if (plan == OVERFLOWS && (stride > 1 || roll(8))) plan = ADD;
  uint32_t r = catch_in_frame(plan, arg);
  bool returns = plan == ADD || plan == WAITS || plan == NESTED;
  CHECK(r == (returns ? arg + 1 : 0), plan, r);
}

// ---- Sockets ----

static void stream_to(uint64_t to) {
  uint64_t stream = 0;
  uint32_t p = port();
  if (!p) return;
  uint32_t status = tcp_connect(4, loopback, p, 0, 0, 200, &stream);
  if (status) {
    if (status == 1) drop_error(stream);
    CHECK(status == 1 || status == TIMEOUT, status, 0);
    count_stream(REFUSED);
    return;
  }
  uint64_t token = self << 32 | roll(1u << 30);
  switch (roll(4)) {
  case 0: echo_token(stream, token); return;
  case 1: { // one's own handle goes, the connection stays
    uint64_t clone = clone_tcp_stream(stream);
    drop_tcp_stream(stream);
    echo_token(clone, token);
    return;
  }
  case 2: { // keep a clone until the end
    clone_tcp_stream(stream);
  } // fall through
  default:
    compose(STREAM, 0, token, 0);
    push_tcp_stream(stream);
    send_message(to);
  }
}

EXPORT("echo") void echo(uint64_t ms) {
  begin(0, 0, SERVICE);
  int64_t tag = STREAM;
  if (receive(&tag, 1, 1000) == DATA) {
    uint64_t stream = take_tcp_stream(0), n;
    static char b[64];
    set_read_timeout(stream, ms);
    for (;;) {
      n = 0;
      uint32_t status = tcp_read(stream, b, sizeof b, &n);
      if (status == 1) drop_error(n);
      if (status || n == 0 || !write_all(stream, b, n)) break;
    }
  }
  leaving(0);
}

// listener accepts until it is killed.
EXPORT("listener") void listener(uint64_t ms) {
  begin(0, 0, SERVICE);
  uint64_t l = 0, it = 0;
  uint8_t addr[16];
  uint16_t bound = 0;
  uint32_t type, flow, scope;
  if (tcp_bind(4, loopback, 0, 0, 0, &l) || tcp_local_addr(l, &it) || resolve_next(it, &type, addr, &bound, &flow, &scope)) {
    fail(__LINE__, l, it);
    leaving(0);
    return;
  }
  drop_dns_iterator(it);
  listening(bound);
  for (;;) {
    uint64_t stream = 0, peer = 0;
    if (tcp_accept(l, &stream, &peer)) {
      drop_error(stream);
      sleep_ms(1);
      continue;
    }
    drop_dns_iterator(peer);
    uint64_t child = spawn_with(-1, "echo", 0, 1, (uint64_t[]){ms});
    if (!child) {
      drop_tcp_stream(stream);
      continue;
    }
    send_stream(child, STREAM, stream);
  }
}

// ---- The worker ----

static void one_thing(void) {
  uint64_t to = pick(((uint64_t)roll(1u << 30) << 30) | roll(1u << 30));
  uint32_t what = roll(100);
  op(what);
  if (!to) to = self;
  if (what < 22) send_numbered(to);
  else if (what < 34) receive_one(roll(3));
  else if (what < 42) selective();
  else if (what < 48) request(to == self ? 0 : to);
  else if (what < 52) wait_in_vain();
  else if (what < 58) spawn_child();
  else if (what < 63) {
    uint64_t tag = to == self ? 0 : may_link(to);
    if (tag) link_process((int64_t)tag, to), linked(tag);
  } else if (what < 65) {
    uint64_t peer = may_unlink(rng);
    if (peer) unlink_process(peer);
  } else if (what < 70) {
    if (to != self && may_monitor(to)) monitor(to);
  } else if (what < 72) {
    uint64_t peer = may_demonitor(rng);
    if (peer) stop_monitoring(peer);
  } else if (what < 75) {
    if (roll(3) == 0 && to != self) killing(to), kill_process(to);
  } else if (what < 80) set_timer(to);
  else if (what < 82) cancel_one();
  else if (what < 84) grow();
  else if (what < 86) check_memory();
  else if (what < 89) registry();
  else if (what < 93) try_catch();
  else if (what < 95) sleep_ms(roll(3));
  else if (what < 96) yield_turn();
  else if (what < 97) wake_or_die();
  else stream_to(to);
}

// deep does things at the bottom of a recursion; its frames must come back as they were.
static NOINLINE uint32_t deep(uint32_t depth, double half, uint64_t mark) {
  uint8_t local[24];
  memset(local, (int)depth, sizeof local);
  if (depth == 0) {
    one_thing();
    return 0;
  }
  uint32_t below = deep(depth - 1, half - 1.5, mark - 0x100000001ull);
  if (depth % 4 == 1) one_thing();
  CHECK(local[0] == (uint8_t)depth && local[23] == (uint8_t)depth, depth, local[0]);
  CHECK(half == depth * 1.5 && mark == depth * 0x100000001ull, mark, depth);
  return below + 1;
}

static void drain(void) {
  while (state() == DRAIN) receive_one(3);
}

static void end(void) {
  switch (roll(9)) {
  case 0: leaving(1); __builtin_trap();
  case 1: leaving(1); (void)*(volatile uint32_t *)0xfffffff0; break;
  case 2: leaving(1); leave_with(3);
  case 3: leaving(1); stride > 1 ? __builtin_trap() : (void)overflow(1); break;
  case 4: leaving(1); drop_error(1000000); break;
  case 5: leaving(0); leave_with(0);
  case 6: killing(self); kill_process(self); for (;;) sleep_ms(1000);
  default: leaving(0);
  }
}

EXPORT("worker") void worker(uint64_t seed, uint64_t parent, uint64_t link, uint64_t max) {
  self = process_id();
  rng = seed * 0x9E3779B97F4A7C15ull + 1;
  bool survives = roll(4);
  if (survives) die_when_link_dies(0); // first: who can know of this process can link with it
  begin(parent, link, survives ? SURVIVES : MORTAL);
  CHECK(started == 0 && pages == 0 && ntimers == 0, started, pages); // nothing of a former process
  started = 1;
  if (slow()) stride = 512;
  limit = max;
  uint32_t life = 20 + roll(300);
  for (uint32_t i = 0; i < life && state() == RUN; i++) {
    if (roll(3)) one_thing();
    else {
      uint32_t depth = 1 + roll(12);
      CHECK(deep(depth, depth * 1.5, depth * 0x100000001ull) == depth, depth, 0);
    }
    receive_some();
    if (limit && roll(20) == 0) may_not_spawn();
  }
  check_memory();
  if (state() != RUN) {
    drain();
    check_memory();
    leaving(0);
    return;
  }
  end();
}
