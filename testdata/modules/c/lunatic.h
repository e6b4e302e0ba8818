// The host functions of Lunatic that the servers use, and what they share on top of them.
#ifndef LUNATIC_H
#define LUNATIC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(module, name) __attribute__((import_module("lunatic::" module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("process", "spawn")
uint32_t spawn(int64_t link, int64_t config, int64_t module, const char *func, size_t func_len, const void *params, size_t params_len, uint64_t *id);
IMPORT("process", "process_id") uint64_t process_id(void);
IMPORT("process", "die_when_link_dies") void die_when_link_dies(uint32_t yes);
IMPORT("process", "monitor") void monitor(uint64_t id);
IMPORT("process", "kill") void kill_process(uint64_t id);
IMPORT("message", "create_data") void create_data(int64_t tag, uint64_t capacity);
IMPORT("message", "write_data") uint32_t write_data(const void *p, size_t n);
IMPORT("message", "read_data") uint32_t read_data(void *p, size_t n);
IMPORT("message", "get_tag") int64_t get_tag(void);
IMPORT("message", "get_process_id") uint64_t get_process_id(void);
IMPORT("message", "push_tcp_stream") uint64_t push_tcp_stream(uint64_t stream);
IMPORT("message", "take_tcp_stream") uint64_t take_tcp_stream(uint64_t index);
IMPORT("message", "send") uint32_t send_message(uint64_t to);
IMPORT("message", "receive") uint32_t receive(const int64_t *tags, size_t ntags, uint64_t timeout);
IMPORT("error", "string_size") uint32_t error_size(uint64_t error);
IMPORT("error", "to_string") void error_text(uint64_t error, char *out);
IMPORT("error", "drop") void drop_error(uint64_t error);
IMPORT("networking", "tcp_bind") uint32_t tcp_bind(uint32_t type, const void *addr, uint32_t port, uint32_t flow, uint32_t scope, uint64_t *id);
IMPORT("networking", "tcp_local_addr") uint32_t tcp_local_addr(uint64_t listener, uint64_t *id);
IMPORT("networking", "tcp_accept") uint32_t tcp_accept(uint64_t listener, uint64_t *stream, uint64_t *peer);
IMPORT("networking", "tcp_read") uint32_t tcp_read(uint64_t stream, void *p, size_t n, uint64_t *out);
IMPORT("networking", "tcp_write_vectored") uint32_t tcp_write_vectored(uint64_t stream, const void *iov, size_t n, uint64_t *out);
IMPORT("networking", "clone_tcp_stream") uint64_t clone_tcp_stream(uint64_t stream);
IMPORT("networking", "drop_tcp_stream") void drop_tcp_stream(uint64_t stream);
IMPORT("networking", "set_read_timeout") void set_read_timeout(uint64_t stream, uint64_t ms);
IMPORT("networking", "set_write_timeout") void set_write_timeout(uint64_t stream, uint64_t ms);
IMPORT("networking", "resolve_next")
uint32_t resolve_next(uint64_t iterator, uint32_t *type, void *addr, uint16_t *port, uint32_t *flow, uint32_t *scope);
IMPORT("networking", "drop_dns_iterator") void drop_dns_iterator(uint64_t iterator);

// What receive returns; TIMEOUT also where a socket is concerned.
enum { DATA, LINK_DIED, PROCESS_DIED, TIMEOUT = 9027 };
#define FOREVER UINT64_MAX

// start spawns func with n arguments of type i64 and returns its process id; link is 0 or a tag.
static inline uint64_t start(int64_t link, const char *func, int n, const uint64_t *args) {
  uint8_t params[4 * 17] = {0};
  uint64_t id = 0;
  for (int i = 0; i < n; i++) {
    params[17 * i] = 0x7E; // i64
    memcpy(params + 17 * i + 1, args + i, 8);
  }
  if (spawn(link, -1, -1, func, strlen(func), params, 17 * n, &id)) __builtin_trap();
  return id;
}
#define START(link, func, ...) start(link, func, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static inline void send_bytes(uint64_t to, int64_t tag, const void *p, size_t n) {
  create_data(tag, n);
  write_data(p, n);
  send_message(to);
}

// send_stream gives the stream away.
static inline void send_stream(uint64_t to, int64_t tag, uint64_t stream) {
  create_data(tag, 0);
  push_tcp_stream(stream);
  send_message(to);
}

// report prints what failed and the host's text, and drops the error.
static inline void report(const char *what, uint64_t error) {
  char text[256];
  size_t n = error_size(error);
  if (n >= sizeof text) n = 0; // to_string wants room for all of it
  if (n) error_text(error, text);
  fprintf(stderr, "%s: %.*s\n", what, (int)n, text);
  drop_error(error);
}

// listen_on binds a port of the loopback address, 0 for any, and prints the number it has.
static inline uint64_t listen_on(unsigned port) {
  static const uint8_t loopback[4] = {127, 0, 0, 1};
  uint64_t listener = 0, it = 0;
  if (tcp_bind(4, loopback, port, 0, 0, &listener)) {
    report("bind", listener);
    exit(1);
  }
  if (tcp_local_addr(listener, &it)) {
    report("local address", it);
    exit(1);
  }
  uint8_t addr[16];
  uint16_t bound = 0;
  uint32_t type, flow, scope;
  resolve_next(it, &type, addr, &bound, &flow, &scope);
  drop_dns_iterator(it);
  printf("%u\n", bound);
  fflush(stdout);
  return listener;
}

// accept_stream waits for the next connection that can be had.
static inline uint64_t accept_stream(uint64_t listener) {
  for (;;) {
    uint64_t stream = 0, peer = 0;
    if (tcp_accept(listener, &stream, &peer) == 0) {
      drop_dns_iterator(peer);
      return stream;
    }
    // The client is gone again, or there are no descriptors left: those come back. The
    // wait keeps this from spinning.
    report("accept", stream);
    receive((int64_t[]){INT64_MIN}, 1, 10);
  }
}

// write_all writes everything, reports whether it could within the write timeout of each part.
static inline bool write_all(uint64_t stream, const char *p, size_t n) {
  while (n > 0) {
    struct { const char *p; uint32_t n; } iov = {p, n};
    uint64_t wrote = 0;
    uint32_t status = tcp_write_vectored(stream, &iov, 1, &wrote);
    if (status == 1) drop_error(wrote);
    if (status || wrote > n) return false;
    p += wrote;
    n -= wrote;
  }
  return true;
}
#endif
