// What a hostile guest may do to the others, each in an entry function of its own: see
// hostile_test.go. Whoever is called parent is told with a message of a number.
#include "lunatic.h"

IMPORT("process", "sleep_ms") void sleep_ms(uint64_t ms);
IMPORT("process", "link") void link_process(int64_t tag, uint64_t id);
IMPORT("process", "exists") uint32_t exists(uint64_t id);
IMPORT("process", "compile_module") uint32_t compile_module(const void *data, size_t n, uint64_t *id);
IMPORT("message", "data_size") uint64_t data_size(void);
IMPORT("timer", "send_after") uint64_t send_after(uint64_t id, uint64_t ms);
IMPORT("registry", "put") void registry_put(const char *name, size_t n, uint64_t node, uint64_t id);

static void tell(uint64_t to, int64_t tag, uint64_t v) { send_bytes(to, tag, &v, 8); }

static void forever(void) {
  for (;;) sleep_ms(1u << 30);
}

EXPORT("pong") void pong(void) {
  for (uint64_t to; receive(NULL, 0, FOREVER) == DATA;)
    if (read_data(&to, 8) == 8) tell(to, get_tag(), to);
}

EXPORT("sleeper") void sleeper(void) { forever(); }

// grower takes all there is, and uses every page of it.
EXPORT("grower") void grower(uint64_t parent) {
  size_t at;
  while ((at = __builtin_wasm_memory_grow(0, 1)) != (size_t)-1)
    for (size_t i = 0; i < 65536; i += 4096) ((volatile char *)(at << 16))[i] = 1;
  tell(parent, 1, (uint64_t)__builtin_wasm_memory_size(0) << 16);
  forever();
}

static char block[65000];

EXPORT("flood") void flood(uint64_t victim) {
  for (;;) send_bytes(victim, 1, block, 1000);
}

EXPORT("flood_large") void flood_large(uint64_t victim) {
  for (;;) send_bytes(victim, 1, block, sizeof block);
}

EXPORT("flood_self") void flood_self(void) {
  for (;;) send_bytes(process_id(), 0, block, 1000);
}

// The signals that are not messages wait in a queue, too.
EXPORT("flood_signals") void flood_signals(uint64_t victim) {
  for (int64_t i = 1;; i++) link_process(i, victim), die_when_link_dies(0), monitor(victim);
}

EXPORT("deaf") void deaf(void) { // takes its signals, but no message
  int64_t tag = INT64_MIN;
  receive(&tag, 1, FOREVER);
}

EXPORT("bomb") void bomb(void) { // every process becomes two
  for (;;) {
    uint64_t id = 0;
    if (spawn(0, -1, -1, "bomb", 4, NULL, 0, &id)) {
      drop_error(id);
      sleep_ms(1);
    }
  }
}

static volatile uint64_t sink;

EXPORT("spin") void spin(void) {
  for (;;) sink++;
}

EXPORT("spin_calls") void spin_calls(void) {
  for (;;) sink += exists(sink);
}

static __attribute__((noinline)) uint64_t down(uint64_t n) { return n == sink + 7 ? 0 : down(n + 2) * 31 + n; }

EXPORT("recurse") void recurse(void) { sink = down(0); }

EXPORT("names") void names(uint64_t parent) {
  for (size_t n = 1; n <= sizeof block; n *= 2) {
    memset(block, 'x', n);
    registry_put(block, n, 0, process_id());
    uint64_t id = 0;
    if (spawn(0, -1, -1, block, n, NULL, 0, &id) == 0) tell(parent, 1, n);
  }
}

EXPORT("timers") void timers(uint64_t parent, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    create_data(2, 0);
    send_after(parent, 1 + i % 50);
  }
  tell(parent, 1, n);
}

EXPORT("later") void later(uint64_t parent, uint64_t n) { // timers that nobody will see
  for (uint64_t i = 0; i < n; i++) {
    create_data(2, 0);
    send_after(parent, 1u << 30);
  }
  tell(parent, 1, n);
}

EXPORT("linked") void linked(uint64_t hub, uint64_t parent) {
  link_process(5, hub);
  tell(parent, 1, 0);
  forever();
}

EXPORT("spawn_linked") void spawn_linked(uint64_t hub, uint64_t parent, uint64_t n) {
  while (n--) START(0, "linked", hub, parent);
  tell(parent, 2, 0);
}

// killer kills whom it finds, and spawns as many.
EXPORT("killer") void killer(uint64_t first) {
  static uint64_t rng = 88172645463325252ull;
  rng += process_id() * 7919;
  for (;;) {
    rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
    uint64_t id = 0;
    if (spawn((int64_t)(rng >> 60), -1, -1, "sleeper", 7, NULL, 0, &id)) drop_error(id), id = 0;
    kill_process(first + rng % (process_id() + 200));
    if (id) kill_process(id - rng % 3);
  }
}

// compile compiles and spawns what it is sent, and tells the status of both.
EXPORT("compile") void compile(uint64_t parent) {
  receive(NULL, 0, FOREVER);
  size_t n = read_data(block, sizeof block);
  uint64_t id = 0, child = 0;
  uint32_t status = compile_module(block, n, &id);
  if (status == 1) drop_error(id);
  tell(parent, 1, status);
  if (status) return;
  status = spawn(9, -1, (int64_t)id, "_start", 6, NULL, 0, &child);
  if (status) drop_error(child);
  tell(parent, 2, status);
  forever();
}

// ---- Sockets ----

// reader reads through a clone of what it is sent, and tells what it has read.
EXPORT("reader") void reader(uint64_t parent) {
  int64_t tag = 3;
  receive(&tag, 1, FOREVER);
  uint64_t stream = take_tcp_stream(0), n = 0;
  tell(parent, 4, 0);
  while (tcp_read(stream, block, sizeof block, &n) == 0 && n > 0) tell(parent, 5, n);
  tell(parent, 6, n);
}

// sharer accepts a connection, gives clones to two readers, drops its own, tells their ids.
EXPORT("sharer") void sharer(uint64_t parent) {
  static const uint8_t loopback[4] = {127, 0, 0, 1};
  uint64_t l = 0, it = 0;
  uint8_t addr[16];
  uint16_t port = 0;
  uint32_t type, flow, scope;
  if (tcp_bind(4, loopback, 0, 0, 0, &l) || tcp_local_addr(l, &it)) __builtin_trap();
  resolve_next(it, &type, addr, &port, &flow, &scope);
  tell(parent, 7, port);
  uint64_t stream = accept_stream(l), clone = clone_tcp_stream(stream), kept = clone_tcp_stream(stream);
  uint64_t a = START(0, "reader", parent), b = START(0, "reader", parent);
  send_stream(a, 3, stream);
  send_stream(b, 3, clone);
  drop_tcp_stream(kept);
  tell(parent, 8, a);
  tell(parent, 9, b);
  accept_stream(l); // for ever
}
