// lunatic::trap::catch: calls whose traps are results. Only the first process prints, so
// the output does not depend on the schedule.
#include "guest.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMPORT(module, name) __attribute__((import_module("lunatic::" module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define NOINLINE __attribute__((noinline))

IMPORT("trap", "catch") uint32_t catch_trap(uint32_t (*f)(uint32_t), uint32_t arg);
IMPORT("error", "drop") void error_drop(uint64_t id);
IMPORT("process", "spawn")
uint32_t spawn(int64_t link, int64_t config, int64_t module, const char *func, size_t func_len, const void *params, size_t params_len, uint64_t *id);
IMPORT("process", "sleep_ms") void sleep_ms(uint64_t ms);
IMPORT("process", "process_id") uint64_t process_id(void);
IMPORT("process", "link") void link_process(int64_t tag, uint64_t id);
IMPORT("process", "monitor") void monitor(uint64_t id);
IMPORT("process", "kill") void kill_process(uint64_t id);
IMPORT("message", "create_data") void create_data(int64_t tag, uint64_t capacity);
IMPORT("message", "write_data") uint32_t write_data(const void *p, size_t n);
IMPORT("message", "read_data") uint32_t read_data(void *p, size_t n);
IMPORT("message", "data_size") uint64_t data_size(void);
IMPORT("message", "get_tag") int64_t get_tag(void);
IMPORT("message", "get_process_id") uint64_t get_process_id(void);
IMPORT("message", "send") uint32_t send_message(uint64_t to);
IMPORT("message", "receive") uint32_t receive(const int64_t *tags, size_t ntags, uint64_t timeout);

enum { DATA, LINK_DIED, PROCESS_DIED, TIMEOUT = 9027 };
enum { ASK = 1, ANSWER, READY, SURVIVED };
#define FOREVER UINT64_MAX

// What catch calls: any function of the program.
EXPORT("_lunatic_catch_trap") uint32_t catch_entry(uint32_t (*f)(uint32_t), uint32_t arg) { return f(arg); }

// ---- Small helpers ----

static uint64_t start(const char *func, uint64_t arg) {
  uint8_t param[17] = {0x7E};
  uint64_t id = 0;
  memcpy(param + 1, &arg, 8);
  if (spawn(0, -1, -1, func, strlen(func), param, sizeof param, &id)) exit(1);
  return id;
}

static void send_number(uint64_t to, int64_t tag, uint32_t v) {
  create_data(tag, 4);
  write_data(&v, 4);
  send_message(to);
}

static uint32_t wait_number(int64_t tag) {
  uint32_t v = 0;
  if (receive(&tag, 1, FOREVER) != DATA || read_data(&v, 4) != 4) __builtin_trap();
  return v;
}

// ---- What is caught ----

static uint32_t calls; // a global that a trap leaves as it is
static volatile uint32_t zero;

static uint32_t triple(uint32_t x) { return calls++, 3 * x; }
static uint32_t crash(uint32_t x) { return calls++, x / zero; }
static uint32_t outside(uint32_t x) { return calls++, *(volatile uint32_t *)(0xfffffff0 + x); }
static uint32_t misuse(uint32_t x) { return calls++, error_drop(x), 1; }
static uint32_t leave(uint32_t code) { _Exit(code); }
static uint32_t pack(uint32_t x) { return create_data(x, 0), write_data("left over", 9), x / zero; }

// overflow has no end; every level waits for the result of the next one.
static NOINLINE uint32_t overflow(uint32_t x) {
  if (x == zero) return 1;
  uint32_t below = overflow(x + 2);
  return below * 31 + (below >> 3 ^ x);
}

// both catches within the call that is caught itself.
static uint32_t both(uint32_t x) {
  uint32_t failed = catch_trap(crash, 1), worked = catch_trap(triple, x);
  if (x == 9) __builtin_trap();
  return 100 + failed + worked;
}

// levels counts how deep catches can be nested: the innermost one traps.
static uint32_t levels(uint32_t x) { return 1 + catch_trap(levels, x + 1); }

// ---- Waiting inside ----

EXPORT("answerer") void answerer(uint64_t parent) {
  for (uint32_t v; (v = wait_number(ASK));) {
    if (v % 2) sleep_ms(1);
    send_number(parent, ANSWER, v + 1);
  }
}

static uint64_t partner;

static uint32_t talk(uint32_t n) {
  uint32_t sum = 0;
  for (uint32_t i = 1; i <= n; i++) {
    send_number(partner, ASK, i);
    sum += wait_number(ANSWER);
    if (i == 3) sleep_ms(1);
    if (i == 4 && n == 7) __builtin_trap();
  }
  return sum;
}

// deep waits, and catches what waits, at every level of a recursion.
static NOINLINE uint32_t deep(uint32_t level) {
  if (level == 0) return catch_trap(talk, 2);
  usleep(1);
  uint32_t own = level * 7;
  uint32_t below = level % 4 ? deep(level - 1) : catch_trap(deep, level - 1);
  sleep_ms(0);
  if (level == 6) __builtin_trap();
  return below * 3 % 1000003 + own;
}

static uint32_t primes(uint32_t to) {
  uint32_t count = 0;
  for (uint32_t n = 2, d; n < to; n++) {
    for (d = 2; d * d <= n && n % d; d++);
    count += d * d > n;
  }
  return count;
}

static uint32_t nap(uint32_t x) { return sleep_ms(x % 3), x % 2 ? x / zero : x; }

EXPORT("napper") void napper(uint64_t parent) {
  uint32_t id = process_id();
  send_number(parent, ANSWER, catch_trap(nap, id) == (id % 2 ? 0 : id) ? catch_trap(triple, 1) : 0);
}

// ---- What is not caught ----

static uint64_t above;

static uint32_t wait_for_end(uint32_t x) {
  send_number(above, READY, x);
  receive((int64_t[]){ANSWER}, 1, FOREVER);
  return 1;
}

static uint32_t spin(uint32_t x) {
  send_number(above, READY, x);
  for (volatile uint32_t i = 1;; i++)
    if (i % 100000 == 0) sched_yield(); // where nothing counts reductions it must give way
}

static uint32_t inner_wait(uint32_t x) { return 1 + catch_trap(wait_for_end, x); }

EXPORT("victim") void victim(uint64_t parent) {
  above = parent;
  catch_trap(wait_for_end, 0);
  send_number(parent, SURVIVED, 0);
}

EXPORT("nested_victim") void nested_victim(uint64_t parent) {
  above = parent;
  catch_trap(inner_wait, 0);
  send_number(parent, SURVIVED, 0);
}

EXPORT("spinning_victim") void spinning_victim(uint64_t parent) {
  above = parent;
  catch_trap(spin, 0);
  send_number(parent, SURVIVED, 0);
}

EXPORT("crasher") void crasher(uint64_t peer) {
  link_process(0, peer);
  __builtin_trap();
}

// perish starts a process, ends it one way or the other, and waits for that.
static void perish(const char *func, int by_link) {
  uint64_t id = start(func, process_id());
  monitor(id);
  wait_number(READY);
  if (by_link) start("crasher", id);
  else kill_process(id);
  uint32_t kind = receive(NULL, 0, FOREVER);
  printf("%s ended by a %s: %s\n", func, by_link ? "link" : "kill",
         kind == PROCESS_DIED && get_process_id() == id && receive(NULL, 0, 0) == TIMEOUT ? "yes" : "no");
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("result: %u\n", catch_trap(triple, 14));
  printf("trap: %u\n", catch_trap(crash, 1));
  printf("out of bounds: %u\n", catch_trap(outside, 0));
  printf("host function: %u\n", catch_trap(misuse, 12345));
  printf("proc_exit: %u %u\n", catch_trap(leave, 0), catch_trap(leave, 7));
  printf("stack overflow: %u\n", catch_trap(overflow, 1));
  printf("calls: %u\n", calls);
  printf("pack: %u\n", catch_trap(pack, 77));
  printf("scratch: tag %lld, %llu bytes\n", get_tag(), data_size());
  printf("catch in catch: %u %u\n", catch_trap(both, 5), catch_trap(both, 9));
  printf("a hundred levels: %s\n", catch_trap(levels, 0) >= 100 ? "yes" : "no");

  partner = start("answerer", process_id());
  printf("talk: %u\n", catch_trap(talk, 5));
  printf("talk and trap: %u\n", catch_trap(talk, 7));
  printf("talk again: %u\n", catch_trap(talk, 6));
  printf("deep: %u %u\n", deep(5), deep(13));
  printf("primes: %u\n", catch_trap(primes, 20000));
  send_number(partner, ASK, 0);

  uint32_t sum = 0;
  for (int i = 0; i < 100; i++) start("napper", process_id());
  for (int i = 0; i < 100; i++) sum += wait_number(ANSWER);
  printf("nappers: %u\n", sum);

  perish("victim", 0);
  perish("victim", 1);
  perish("nested_victim", 0);
  perish("nested_victim", 1);
  perish("spinning_victim", 0);
  printf("end: %u\n", catch_trap(triple, 1));
  return 0;
}
