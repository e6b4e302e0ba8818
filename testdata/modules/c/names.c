// Names, timers, get_or_spawn, metrics and a cluster of one. Only the first process prints,
// so the output does not depend on the schedule. It ends when standard input does.
#include "guest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMPORT(module, name) __attribute__((import_module("lunatic::" module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("registry", "put") void registry_put(const char *name, size_t n, uint64_t node, uint64_t id);
IMPORT("registry", "get") uint32_t registry_get(const char *name, size_t n, uint64_t *node, uint64_t *id);
IMPORT("registry", "remove") void registry_remove(const char *name, size_t n);
IMPORT("timer", "send_after") uint64_t send_after(uint64_t id, uint64_t ms);
IMPORT("timer", "cancel_timer") uint32_t cancel_timer(uint64_t timer);
IMPORT("metrics", "counter") void counter(const char *name, size_t n, uint64_t v);
IMPORT("metrics", "increment_counter") void increment_counter(const char *name, size_t n);
IMPORT("metrics", "gauge") void gauge(const char *name, size_t n, double v);
IMPORT("metrics", "increment_gauge") void increment_gauge(const char *name, size_t n, double v);
IMPORT("metrics", "decrement_gauge") void decrement_gauge(const char *name, size_t n, double v);
IMPORT("metrics", "histogram") void histogram(const char *name, size_t n, double v);
IMPORT("version", "major") uint32_t version_major(void);
IMPORT("version", "minor") uint32_t version_minor(void);
IMPORT("distributed", "node_id") uint64_t node_id(void);
IMPORT("distributed", "nodes_count") uint32_t nodes_count(void);
IMPORT("distributed", "send") uint32_t distributed_send(uint64_t node, uint64_t id);
IMPORT("distributed", "spawn")
uint32_t distributed_spawn(uint64_t node, int64_t config, int64_t module, const char *func, size_t func_len, const void *params, size_t params_len, uint64_t *id);
IMPORT("error", "string_size") uint32_t error_size(uint64_t id);
IMPORT("error", "to_string") void error_string(uint64_t id, char *to);
IMPORT("error", "drop") void error_drop(uint64_t id);
IMPORT("process", "spawn")
uint32_t spawn(int64_t link, int64_t config, int64_t module, const char *func, size_t func_len, const void *params, size_t params_len, uint64_t *id);
IMPORT("process", "get_or_spawn")
uint32_t get_or_spawn(const char *name, size_t n, int64_t link, int64_t config, int64_t module, const char *func, size_t func_len, const void *params, size_t params_len, uint64_t *node, uint64_t *id);
IMPORT("process", "process_id") uint64_t process_id(void);
IMPORT("process", "monitor") void monitor(uint64_t id);
IMPORT("process", "kill") void kill_process(uint64_t id);
IMPORT("message", "create_data") void create_data(int64_t tag, uint64_t capacity);
IMPORT("message", "write_data") uint32_t write_data(const void *p, size_t n);
IMPORT("message", "read_data") uint32_t read_data(void *p, size_t n);
IMPORT("message", "get_tag") int64_t get_tag(void);
IMPORT("message", "send") uint32_t send_message(uint64_t to);
IMPORT("message", "receive") uint32_t receive(const int64_t *tags, size_t ntags, uint64_t timeout);
// As guests of Lunatic 0.12 declare it.
IMPORT("message", "send_receive_skip_search") uint32_t request(uint64_t to, uint64_t timeout);

enum { DATA, LINK_DIED, PROCESS_DIED, TIMEOUT = 9027 };
enum { HELLO = 1, ANSWER, TICK, CLIENTS = 20 };
#define FOREVER UINT64_MAX
#define NAME(s) s, sizeof s - 1

static uint64_t start(const char *func, uint64_t arg) {
  uint8_t param[17] = {0x7E};
  uint64_t id = 0;
  memcpy(param + 1, &arg, 8);
  if (spawn(0, -1, -1, func, strlen(func), param, sizeof param, &id)) exit(1);
  return id;
}

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
  if (receive(&tag, 1, FOREVER) != DATA) __builtin_trap();
  return number();
}

// wait_end waits for the end of a process that is monitored.
static void wait_end(void) {
  if (receive(NULL, 0, FOREVER) != PROCESS_DIED) __builtin_trap();
}

// lookup is the process of a name, 0 if there is none.
static uint64_t lookup(const char *name) {
  uint64_t node = 99, id = 99;
  if (registry_get(name, strlen(name), &node, &id)) return 0;
  return node == 0 ? id : 0;
}

// server answers requests with how many there were.
EXPORT("server") void server(void) {
  if (lookup("server") != process_id()) __builtin_trap(); // it has its name before it runs
  for (uint64_t n = 1;; n++) {
    uint64_t from = wait_number(HELLO);
    increment_counter(NAME("names: answers"));
    send_number(from, HELLO, n);
  }
}

EXPORT("client") void client(uint64_t parent) {
  uint64_t node = 99, id = 99, self = process_id();
  uint32_t status = get_or_spawn(NAME("server"), 0, -1, -1, NAME("server"), NULL, 0, &node, &id);
  if (status != 0 && status != 2 || node != 0) __builtin_trap();
  create_data(HELLO, 8);
  write_data(&self, 8);
  if (request(id, FOREVER) != DATA || get_tag() != HELLO) __builtin_trap();
  uint64_t n = number();
  send_number(parent, ANSWER, n << 32 | (uint32_t)id);
}

EXPORT("reminder") void reminder(uint64_t parent) {
  create_data(TICK, 8);
  write_data(&parent, 8);
  send_after(parent, 3);
}

EXPORT("crasher") void crasher(uint64_t parent) {
  uint64_t self = process_id();
  registry_put(NAME("crash two"), 0, self);
  registry_put(NAME("crash one"), 0, self);
  registry_put(NAME("not mine"), 0, self);
  registry_put(NAME("not mine"), 0, parent);
  send_number(parent, ANSWER, self);
  if (wait_number(TICK)) __builtin_trap();
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  uint64_t self = process_id();
  printf("version: %u.%u\n", version_major(), version_minor());
  printf("nobody: %llu\n", lookup("main"));
  registry_put(NAME("main"), 0, self);
  printf("main: %llu\n", lookup("main"));
  registry_remove(NAME("main"));
  printf("removed: %llu\n", lookup("main"));

  uint64_t servers = 0, sum = 0;
  for (int i = 0; i < CLIENTS; i++) start("client", self);
  for (int i = 0; i < CLIENTS; i++) {
    uint64_t answer = wait_number(ANSWER);
    sum += answer >> 32;
    if (servers != (uint32_t)answer) printf(servers ? "two servers\n" : "a server\n");
    servers = (uint32_t)answer;
  }
  printf("answers: %llu, registered: %s\n", sum, lookup("server") == servers ? "yes" : "no");
  monitor(servers);
  kill_process(servers);
  wait_end();
  printf("after its end: %llu\n", lookup("server"));

  create_data(TICK, 0);
  uint64_t hour = send_after(self, 3600000);
  uint64_t cancelled = cancel_timer(hour);
  printf("cancelled: %llu, then %u\n", cancelled, cancel_timer(hour));
  send_number(self, TICK, 5);
  printf("from now: %llu\n", wait_number(TICK));
  monitor(start("reminder", self));
  wait_end();
  printf("from one that has ended: %llu\n", wait_number(TICK));

  uint64_t victim = start("crasher", self);
  wait_number(ANSWER);
  printf("its names: %s %s %s\n", lookup("crash one") == victim ? "yes" : "no", lookup("crash two") == victim ? "yes" : "no", lookup("not mine") == self ? "yes" : "no");
  monitor(victim);
  send_number(victim, TICK, 1);
  wait_end();
  printf("after a crash: %llu %llu %llu\n", lookup("crash one"), lookup("crash two"), lookup("not mine"));

  uint64_t id = 99;
  char text[100] = "";
  printf("node %llu of %u\n", node_id(), nodes_count());
  create_data(TICK, 8);
  write_data(&self, 8);
  uint32_t sent = distributed_send(0, self);
  printf("to this node: %u, %llu\n", sent, wait_number(TICK));
  create_data(TICK, 0);
  printf("to another node: %u\n", distributed_send(7, self));
  sent = distributed_spawn(7, -1, -1, NAME("server"), NULL, 0, &id);
  if (error_size(id) < sizeof text) error_string(id, text);
  error_drop(id);
  printf("spawn there: %u, %s\n", sent, text);

  counter(NAME("names: total"), 40);
  increment_counter(NAME("names: total"));
  gauge(NAME("names: gauge"), 2.5);
  increment_gauge(NAME("names: gauge"), 1);
  decrement_gauge(NAME("names: gauge"), 3);
  histogram(NAME("names: time"), 0.125);
  printf("counted\n");
  while (getchar() >= 0);
  return 0;
}
