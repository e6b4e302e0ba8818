// Processes and messages through the Lunatic host functions themselves, without a guest
// library. Only the first process prints, so the output does not depend on the schedule.
#include "guest.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(module, name) __attribute__((import_module("lunatic::" module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("process", "spawn")
uint32_t spawn(int64_t link, int64_t config, int64_t module, const char *func, size_t func_len, const void *params, size_t params_len, uint64_t *id);
IMPORT("process", "sleep_ms") void sleep_ms(uint64_t ms);
IMPORT("process", "process_id") uint64_t process_id(void);
IMPORT("process", "die_when_link_dies") void die_when_link_dies(uint32_t yes);
IMPORT("process", "monitor") void monitor(uint64_t id);
IMPORT("process", "kill") void kill_process(uint64_t id);
IMPORT("process", "exists") uint32_t exists(uint64_t id);
IMPORT("message", "create_data") void create_data(int64_t tag, uint64_t capacity);
IMPORT("message", "write_data") uint32_t write_data(const void *p, size_t n);
IMPORT("message", "read_data") uint32_t read_data(void *p, size_t n);
IMPORT("message", "seek_data") void seek_data(uint64_t at);
IMPORT("message", "data_size") uint64_t data_size(void);
IMPORT("message", "get_tag") int64_t get_tag(void);
IMPORT("message", "get_process_id") uint64_t get_process_id(void);
IMPORT("message", "send") uint32_t send_message(uint64_t to);
IMPORT("message", "receive") uint32_t receive(const int64_t *tags, size_t ntags, uint64_t timeout);
IMPORT("message", "send_receive_skip_search") uint32_t send_receive(uint64_t to, int64_t tag, uint64_t timeout);

enum { DATA, LINK_DIED, PROCESS_DIED, TIMEOUT = 9027 };
#define FOREVER UINT64_MAX

// Tags.
enum { PING = 1, PONG, TOKEN, STOP, RESULT, READY, FIRST_REPLY = 1000 };

// ---- Small helpers ----

static void put_param(uint8_t *p, uint64_t v) {
  memset(p, 0, 17);
  p[0] = 0x7E; // i64
  memcpy(p + 1, &v, 8);
}

static uint64_t start(int64_t link, const char *func, int n, const uint64_t *args) {
  uint8_t params[4 * 17];
  uint64_t id = 0;
  for (int i = 0; i < n; i++) put_param(params + 17 * i, args[i]);
  if (spawn(link, -1, -1, func, strlen(func), params, 17 * n, &id)) {
    printf("spawn %s failed\n", func);
    exit(1);
  }
  return id;
}
#define START(link, func, ...) start(link, func, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static void send_number(uint64_t to, int64_t tag, uint64_t v) {
  create_data(tag, 8);
  write_data(&v, 8);
  send_message(to);
}

static uint64_t number(void) {
  uint64_t v = 0;
  if (read_data(&v, 8) != 8) __builtin_trap();
  return v;
}

static uint64_t wait_number(int64_t tag) {
  if (receive(&tag, 1, FOREVER) != DATA || get_tag() != tag) __builtin_trap();
  return number();
}

// ---- Entry points of processes ----

EXPORT("ponger") void ponger(uint64_t parent) {
  for (;;) {
    receive((int64_t[]){STOP, PING}, 2, FOREVER);
    if (get_tag() == STOP) return;
    send_number(parent, PONG, number() + 1);
  }
}

EXPORT("squarer") void squarer(uint64_t parent) {
  while (receive(NULL, 0, FOREVER) == DATA) {
    int64_t tag = get_tag();
    uint64_t v = number();
    if (tag == STOP) return;
    send_number(parent, tag, v * v);
  }
}

EXPORT("ring") void ring(uint64_t next) {
  for (;;) {
    receive((int64_t[]){TOKEN, STOP}, 2, FOREVER);
    int64_t tag = get_tag();
    send_number(next, tag, number() + 1);
    if (tag == STOP) return;
  }
}

EXPORT("talker") void talker(uint64_t parent) {
  for (int tag = 11; tag <= 15; tag++) send_number(parent, tag, tag * 10);
  send_number(parent, 0, 7); // without a tag
  sleep_ms(20);
  send_number(parent, RESULT, 99);
}

EXPORT("counter") void counter(uint64_t parent, uint64_t from, uint64_t to) {
  uint64_t count = 0;
  for (uint64_t n = from; n < to; n++) {
    bool prime = n > 1;
    for (uint64_t d = 2; d * d <= n && prime; d++) prime = n % d != 0;
    count += prime;
    if (n % 500 == 0) sleep_ms(1);
  }
  send_number(parent, RESULT, count);
}

// gather receives at every level of a recursion, and adds on the way back.
static __attribute__((noinline)) uint64_t gather(int depth, double scale) {
  char local[64];
  if (depth == 0) return 0;
  snprintf(local, sizeof local, "%d", depth);
  uint64_t mine = wait_number(TOKEN);
  uint64_t below = gather(depth - 1, scale * 0.5);
  return below * 3 % 1000003 + mine * (uint64_t)atoi(local) + (scale > 1);
}

EXPORT("gatherer") void gatherer(uint64_t parent) { send_number(parent, RESULT, gather(50, 8)); }

EXPORT("crasher") void crasher(uint64_t parent) {
  send_number(parent, READY, 0);
  wait_number(TOKEN);
  __builtin_trap();
}

EXPORT("quiet") void quiet(uint64_t parent) {
  send_number(parent, READY, 0);
  wait_number(TOKEN);
}

EXPORT("sleeper") void sleeper(uint64_t parent) {
  send_number(parent, READY, 0);
  sleep_ms(3600000);
}

EXPORT("echo") void echo(uint64_t parent) {
  receive(NULL, 0, FOREVER);
  size_t n = data_size();
  uint8_t *p = malloc(n);
  for (size_t at = 0; at < n; at += read_data(p + at, n - at < 1000 ? n - at : 1000)) {}
  create_data(RESULT, n);
  for (size_t i = n; i-- > 0;) write_data(p + i, 1); // backwards, byte by byte
  send_message(parent);
}

// A static variable shows that processes share no memory.
static int touched;
EXPORT("toucher") void toucher(uint64_t parent) {
  touched += 5;
  send_number(parent, RESULT, touched);
}

// ---- The first process ----

static uint64_t self;

static void ping_pong(void) {
  uint64_t child = START(0, "ponger", self), v = 0;
  for (int i = 0; i < 1000; i++) {
    send_number(child, PING, v);
    v = wait_number(PONG);
  }
  send_number(child, STOP, 0);
  printf("ping-pong: %llu\n", v);
}

static void requests(void) {
  uint64_t child = START(0, "squarer", self), sum = 0;
  for (uint64_t i = 1; i <= 100; i++) {
    create_data(FIRST_REPLY + i, 8);
    write_data(&i, 8);
    if (send_receive(child, FIRST_REPLY + i, FOREVER) != DATA) __builtin_trap();
    sum += number();
  }
  send_number(child, STOP, 0);
  printf("requests: %llu\n", sum);
}

static void ring_of_100(void) {
  uint64_t next = self, v = 0;
  for (int i = 0; i < 100; i++) next = START(0, "ring", next);
  for (int lap = 0; lap < 10; lap++) {
    send_number(next, TOKEN, v);
    v = wait_number(TOKEN);
  }
  send_number(next, STOP, 0);
  printf("ring: %llu, stopped %llu\n", v, wait_number(STOP));
}

static void selective(void) {
  START(0, "talker", self);
  printf("selective:");
  for (int tag = 15; tag >= 11; tag -= 2) printf(" %llu", wait_number(tag));
  for (int i = 0; i < 3; i++) {
    receive(NULL, 0, FOREVER);
    int64_t tag = get_tag();
    printf(" %lld:%llu", tag, number());
  }
  printf("\n");
  int64_t tag = 12345;
  uint32_t at_once = receive(&tag, 1, 0), later = receive(&tag, 1, 5);
  printf("timeouts: %u %u, last %llu\n", at_once, later, wait_number(RESULT));
}

static void parallel(void) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < 20; i++) START(0, "counter", self, i * 1000, (i + 1) * 1000);
  for (int i = 0; i < 20; i++) sum += wait_number(RESULT);
  printf("primes: %llu\n", sum);
}

static void deep(void) {
  uint64_t child = START(0, "gatherer", self);
  for (uint64_t i = 1; i <= 50; i++) {
    send_number(child, TOKEN, i * i);
    if (i % 10 == 0) sleep_ms(1);
  }
  printf("gather: %llu\n", wait_number(RESULT));
}

static void deaths(void) {
  die_when_link_dies(0);
  uint64_t child = START(77, "crasher", self);
  wait_number(READY);
  send_number(child, TOKEN, 0);
  uint32_t kind = receive(NULL, 0, FOREVER);
  printf("linked: kind %u, tag %lld\n", kind, get_tag());

  child = START(0, "quiet", self);
  wait_number(READY);
  monitor(child);
  send_number(child, TOKEN, 0);
  kind = receive(NULL, 0, FOREVER);
  printf("monitored: kind %u, %s\n", kind, get_process_id() == child ? "the child" : "ANOTHER");

  child = START(78, "sleeper", self);
  wait_number(READY);
  printf("killed: exists %u", exists(child));
  kill_process(child);
  kind = receive((int64_t[]){78}, 1, FOREVER);
  printf(", kind %u, exists %u\n", kind, exists(child));
  send_number(child, TOKEN, 0); // to nobody
}

static void large(void) {
  enum { N = 50000 };
  static uint8_t data[N], back[N];
  for (int i = 0; i < N; i++) data[i] = (uint8_t)random32();
  uint64_t child = START(0, "echo", self);
  create_data(0, N);
  write_data(data, N);
  send_message(child);
  receive((int64_t[]){RESULT}, 1, FOREVER);
  bool equal = data_size() == N && read_data(back, N) == N;
  for (int i = 0; i < N; i++) equal &= back[i] == data[N - 1 - i];
  seek_data(N - 1);
  uint8_t last = 0;
  uint32_t n = read_data(&last, 9), none = read_data(&last, 9);
  printf("large: %s, read %u then %u, %s\n", equal ? "equal" : "DIFFERENT", n, none, last == data[0] ? "same" : "OTHER");
}

int main(void) {
  self = process_id();
  ping_pong();
  requests();
  ring_of_100();
  selective();
  parallel();
  deep();
  deaths();
  large();
  touched = 100;
  START(0, "toucher", self);
  printf("own memory: %llu and %d\n", wait_number(RESULT), touched);
  send_number(self, TOKEN, 42);
  printf("to itself: %llu\n", wait_number(TOKEN));
  return 0;
}
