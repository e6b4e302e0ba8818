/* See lunatic.h. The sections are the header's. docs/abi.md of the project describes the host
 * functions. */
#include "lunatic.h"

#include <stdlib.h>
#include <string.h>

#define HOST(module, name) __attribute__((import_module("lunatic::" module), import_name(name))) extern

HOST("error", "string_size") uint32_t host_error_size(uint64_t error);
HOST("error", "to_string") void host_error_text(uint64_t error, char *out);
HOST("error", "drop") void host_error_drop(uint64_t error);

HOST("process", "spawn")
uint32_t host_spawn(int64_t link, int64_t config, int64_t module, const char *function, size_t function_len, const void *params,
                    size_t params_len, uint64_t *id);
HOST("process", "get_or_spawn")
uint32_t host_get_or_spawn(const char *name, size_t name_len, int64_t link, int64_t config, int64_t module, const char *function,
                           size_t function_len, const void *params, size_t params_len, uint64_t *node, uint64_t *id);
HOST("process", "sleep_ms") void host_sleep(uint64_t ms);
HOST("process", "die_when_link_dies") void host_die_when_link_dies(uint32_t on);
HOST("process", "process_id") uint64_t host_process_id(void);
HOST("process", "link") void host_link(int64_t tag, uint64_t pid);
HOST("process", "unlink") void host_unlink(uint64_t pid);
HOST("process", "monitor_with_tag") void host_monitor(int64_t tag, uint64_t pid);
HOST("process", "stop_monitoring_with_tag") void host_stop_monitoring(int64_t tag, uint64_t pid);
HOST("process", "kill") void host_kill(uint64_t pid);
HOST("process", "exists") uint32_t host_exists(uint64_t pid);
HOST("process", "compile_module") int32_t host_compile_module(const void *data, size_t len, uint64_t *id);
HOST("process", "drop_module") void host_drop_module(uint64_t module);

HOST("process", "create_config") int64_t host_create_config(void);
HOST("process", "drop_config") void host_drop_config(uint64_t config);
HOST("process", "config_set_max_memory") void host_config_memory(uint64_t config, uint64_t bytes);
HOST("process", "config_set_max_fuel") void host_config_fuel(uint64_t config, uint64_t units);
HOST("process", "config_set_max_messages") void host_config_messages(uint64_t config, uint64_t n);
HOST("process", "config_set_max_mailbox") void host_config_mailbox(uint64_t config, uint64_t bytes);
HOST("process", "config_set_can_spawn_processes") void host_config_may_spawn(uint64_t config, uint32_t may);
HOST("process", "config_set_can_compile_modules") void host_config_may_compile(uint64_t config, uint32_t may);
HOST("process", "config_set_can_create_configs") void host_config_may_configure(uint64_t config, uint32_t may);
HOST("process", "config_allow_connect") uint32_t host_allow_connect(uint64_t config, const char *rule, size_t len, uint64_t *id);
HOST("process", "config_allow_listen") uint32_t host_allow_listen(uint64_t config, const char *rule, size_t len, uint64_t *id);
HOST("process", "config_allow_resolve") uint32_t host_allow_resolve(uint64_t config, const char *rule, size_t len, uint64_t *id);
HOST("process", "config_deny_connect") uint32_t host_deny_connect(uint64_t config, const char *rule, size_t len, uint64_t *id);
HOST("process", "config_deny_listen") uint32_t host_deny_listen(uint64_t config, const char *rule, size_t len, uint64_t *id);
HOST("process", "config_deny_resolve") uint32_t host_deny_resolve(uint64_t config, const char *rule, size_t len, uint64_t *id);
HOST("process", "config_forbid_namespace") void host_config_forbid(uint64_t config, const char *name, size_t len);
HOST("wasi", "config_add_environment_variable")
void host_config_env(uint64_t config, const char *key, size_t key_len, const char *value, size_t value_len);
HOST("wasi", "config_add_command_line_argument") void host_config_arg(uint64_t config, const char *arg, size_t len);
HOST("wasi", "config_preopen_dir") void host_config_dir(uint64_t config, const char *dir, size_t len);

HOST("message", "create_data") void host_create_data(int64_t tag, uint64_t size_hint);
HOST("message", "write_data") uint32_t host_write_data(const void *data, size_t len);
HOST("message", "read_data") uint32_t host_read_data(void *buf, size_t len);
HOST("message", "get_exit_reason") uint32_t host_exit_reason(void);
HOST("message", "push_module") uint64_t host_push_module(uint64_t module);
HOST("message", "take_module") uint64_t host_take_module(uint64_t index);
HOST("message", "push_tcp_stream") uint64_t host_push_tcp(uint64_t stream);
HOST("message", "take_tcp_stream") uint64_t host_take_tcp(uint64_t index);
HOST("message", "push_tls_stream") uint64_t host_push_tls(uint64_t stream);
HOST("message", "take_tls_stream") uint64_t host_take_tls(uint64_t index);
HOST("message", "push_udp_socket") uint64_t host_push_udp(uint64_t socket);
HOST("message", "take_udp_socket") uint64_t host_take_udp(uint64_t index);
HOST("message", "send") uint32_t host_send(uint64_t pid);
HOST("message", "send_data") uint32_t host_send_data(uint64_t pid, int64_t tag, const void *data, size_t len);
HOST("message", "receive_data")
uint32_t host_receive_data(const int64_t *tags, size_t n, uint64_t timeout, void *buf, size_t len, void *info);
HOST("message", "request_data")
uint32_t host_request_data(uint64_t pid, int64_t tag, const void *data, size_t len, int64_t wait_tag, uint64_t timeout, void *buf,
                           size_t buf_len, void *info);

HOST("timer", "send_after") uint64_t host_send_after(uint64_t pid, uint64_t ms);
HOST("timer", "cancel_timer") uint32_t host_cancel_timer(uint64_t timer);

HOST("registry", "put") void host_put(const char *name, size_t len, uint64_t node, uint64_t pid);
HOST("registry", "get") uint32_t host_get(const char *name, size_t len, uint64_t *node, uint64_t *pid);
HOST("registry", "remove") void host_remove(const char *name, size_t len);

HOST("trap", "catch") uint32_t host_catch(uint32_t function, void *pointer);

typedef struct {
  const void *data;
  size_t len;
} host_buffer;

HOST("networking", "resolve") uint32_t host_resolve(const char *name, size_t len, uint64_t timeout, uint64_t *id);
HOST("networking", "resolve_next")
uint32_t host_resolve_next(uint64_t it, uint32_t *type, uint8_t *addr, uint16_t *port, uint32_t *flow, uint32_t *scope);
HOST("networking", "drop_dns_iterator") void host_drop_addresses(uint64_t it);
HOST("networking", "tcp_bind")
uint32_t host_tcp_bind(uint32_t type, const uint8_t *addr, uint32_t port, uint32_t flow, uint32_t scope, uint64_t *id);
HOST("networking", "drop_tcp_listener") void host_drop_tcp_listener(uint64_t listener);
HOST("networking", "tcp_local_addr") uint32_t host_tcp_local_addr(uint64_t listener, uint64_t *it);
HOST("networking", "tcp_accept") uint32_t host_tcp_accept(uint64_t listener, uint64_t *stream, uint64_t *peer);
HOST("networking", "tcp_connect")
uint32_t host_tcp_connect(uint32_t type, const uint8_t *addr, uint32_t port, uint32_t flow, uint32_t scope, uint64_t timeout,
                          uint64_t *id);
HOST("networking", "tcp_peer_addr") uint32_t host_tcp_peer_addr(uint64_t stream, uint64_t *it);
HOST("networking", "drop_tcp_stream") void host_drop_tcp(uint64_t stream);
HOST("networking", "clone_tcp_stream") uint64_t host_clone_tcp(uint64_t stream);
HOST("networking", "tcp_write_vectored") uint32_t host_tcp_write(uint64_t stream, const host_buffer *bufs, size_t n, uint64_t *out);
HOST("networking", "tcp_read") uint32_t host_tcp_read(uint64_t stream, void *buf, size_t len, uint64_t *out);
HOST("networking", "tcp_peek") uint32_t host_tcp_peek(uint64_t stream, void *buf, size_t len, uint64_t *out);
HOST("networking", "tcp_flush") uint32_t host_tcp_flush(uint64_t stream, uint64_t *out);
HOST("networking", "set_read_timeout") void host_tcp_read_timeout(uint64_t stream, uint64_t ms);
HOST("networking", "set_write_timeout") void host_tcp_write_timeout(uint64_t stream, uint64_t ms);
HOST("networking", "set_peek_timeout") void host_tcp_peek_timeout(uint64_t stream, uint64_t ms);
HOST("networking", "tls_bind")
uint32_t host_tls_bind(uint32_t type, const uint8_t *addr, uint32_t port, uint32_t flow, uint32_t scope, uint64_t *id, const char *cert,
                       size_t cert_len, const char *key, size_t key_len);
HOST("networking", "drop_tls_listener") void host_drop_tls_listener(uint64_t listener);
HOST("networking", "tls_local_addr") uint32_t host_tls_local_addr(uint64_t listener, uint64_t *it);
HOST("networking", "tls_accept") uint32_t host_tls_accept(uint64_t listener, uint64_t *stream, uint64_t *peer);
HOST("networking", "tls_connect")
uint32_t host_tls_connect(const char *host, size_t len, uint32_t port, uint64_t timeout, uint64_t *id, const host_buffer *certs,
                          size_t certs_len);
HOST("networking", "drop_tls_stream") void host_drop_tls(uint64_t stream);
HOST("networking", "clone_tls_stream") uint64_t host_clone_tls(uint64_t stream);
HOST("networking", "tls_write_vectored") uint32_t host_tls_write(uint64_t stream, const host_buffer *bufs, size_t n, uint64_t *out);
HOST("networking", "tls_read") uint32_t host_tls_read(uint64_t stream, void *buf, size_t len, uint64_t *out);
HOST("networking", "tls_flush") uint32_t host_tls_flush(uint64_t stream, uint64_t *out);
HOST("networking", "set_tls_read_timeout") void host_tls_read_timeout(uint64_t stream, uint64_t ms);
HOST("networking", "set_tls_write_timeout") void host_tls_write_timeout(uint64_t stream, uint64_t ms);
HOST("networking", "udp_bind")
uint32_t host_udp_bind(uint32_t type, const uint8_t *addr, uint32_t port, uint32_t flow, uint32_t scope, uint64_t *id);
HOST("networking", "drop_udp_socket") void host_drop_udp(uint64_t socket);
HOST("networking", "clone_udp_socket") uint64_t host_clone_udp(uint64_t socket);
HOST("networking", "udp_local_addr") uint32_t host_udp_local_addr(uint64_t socket, uint64_t *it);
HOST("networking", "udp_peer_addr") uint32_t host_udp_peer_addr(uint64_t socket, uint64_t *it);
HOST("networking", "udp_receive") uint32_t host_udp_receive(uint64_t socket, void *buf, size_t len, uint64_t *out);
HOST("networking", "udp_receive_from")
uint32_t host_udp_receive_from(uint64_t socket, void *buf, size_t len, uint64_t *out, uint64_t *it);
HOST("networking", "udp_connect")
uint32_t host_udp_connect(uint64_t socket, uint32_t type, const uint8_t *addr, uint32_t port, uint32_t flow, uint32_t scope,
                          uint64_t timeout, uint64_t *out);
HOST("networking", "udp_send_to")
uint32_t host_udp_send_to(uint64_t socket, const void *buf, size_t len, uint32_t type, const uint8_t *addr, uint32_t port, uint32_t flow,
                          uint32_t scope, uint64_t *out);
HOST("networking", "udp_send") uint32_t host_udp_send(uint64_t socket, const void *buf, size_t len, uint64_t *out);

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name))) extern

WASI("sched_yield") int32_t wasi_sched_yield(void);
WASI("clock_time_get") int32_t wasi_clock_time_get(uint32_t clock, uint64_t precision, uint64_t *ns);
enum { WASI_MONOTONIC = 1 };

/* What the host answers. */
enum { HOST_OK = 0, HOST_FAILED = 1, HOST_FOUND = 2, HOST_TIMED_OUT = 9027 };

/* ---- Results and errors ---- */

static char last_error[256];

const char *lunatic_error(void) { return last_error; }

static int fail(const char *text) {
  strncpy(last_error, text, sizeof last_error - 1);
  return LUNATIC_ERROR;
}

/* fail_with takes the text of the host's error, and drops it. */
static int fail_with(uint64_t error) {
  size_t size = host_error_size(error);
  if (size < sizeof last_error) {
    host_error_text(error, last_error);
    last_error[size] = 0;
  } else if (size <= 4096) { /* the host writes all of it */
    char text[size];
    host_error_text(error, text);
    memcpy(last_error, text, sizeof last_error - 1);
  } else {
    fail("the text of the error is too long");
  }
  host_error_drop(error);
  return LUNATIC_ERROR;
}

static int timed_out(void) {
  fail("timeout");
  return LUNATIC_TIMEOUT;
}

static lunatic_reason last_end;

lunatic_reason lunatic_last_end(void) { return last_end; }

static int down(lunatic_reason reason) {
  last_end = reason;
  fail(lunatic_reason_text(reason));
  return LUNATIC_DOWN;
}

/* ---- Processes ---- */

/* Handles of configurations and modules are the host's numbers plus 1; 0 is the process's own,
 * which the host calls -1. */
static int64_t host_id(int64_t handle) { return handle - 1; }

/* The process's function gets its bytes as parameters of lunatic_entry. If they do not fit, or the
 * parent has something to do first, the child waits for them in a message. */
enum { INLINE_ARG = 48, ENTRY_PARAMS = 3 + INLINE_ARG / 8, PARAM = 17 };

/* Tags from 2^32 on are the library's; every one that next_tag returns is a new one. */
#define FIRST_TAG ((lunatic_tag)1 << 32)
#define TAG_ARGUMENT (FIRST_TAG + 0)
static lunatic_tag last_tag = TAG_ARGUMENT;
static lunatic_tag next_tag(void) { return ++last_tag; }

static void put_param(uint8_t *at, bool is_i64, uint64_t bits) {
  memset(at, 0, PARAM);
  at[0] = is_i64 ? 0x7e : 0x7f;
  memcpy(at + 1, &bits, 8);
}

/* An instance begins with its constructors, among them the one that finds the directories. Who runs
 * them depends on wasi-libc. Until 2022 the linker puts a call of them around every export, unless
 * a program calls them itself, which then has to do so everywhere. Since then they are called in
 * _start, and nowhere else, or in _initialize (a reactor), which the host calls in each instance.
 * The version is guessed by a header of the newer ones; -DLUNATIC_CALL_CTORS=1 or 0 says it. */
#ifndef LUNATIC_CALL_CTORS
#define LUNATIC_CALL_CTORS __has_include(<wasi/version.h>)
#endif

static bool constructed;
__attribute__((constructor)) static void construct(void) { constructed = true; }

#if LUNATIC_CALL_CTORS
extern void __wasm_call_ctors(void);
#else
static void __wasm_call_ctors(void) { __builtin_trap(); } /* compile with -DLUNATIC_CALL_CTORS=1 */
#endif
extern void __wasm_call_dtors(void); /* writes what stdout holds */

/* drop throws the oldest message with a tag away, if there is one. */
static void drop(lunatic_tag tag) {
  lunatic_message m;
  host_receive_data(&tag, 1, 0, NULL, 0, &m);
}

/* wait_arg receives the bytes. If the parent ends before it has sent them, so does the child. */
static void wait_arg(lunatic_pid parent, void *arg, size_t size) {
  lunatic_message m;
  lunatic_monitor(TAG_ARGUMENT, parent);
  lunatic_receive_tag(&m, arg, size, TAG_ARGUMENT, LUNATIC_FOREVER);
  if (m.kind != LUNATIC_DATA) exit(1);
  lunatic_demonitor(TAG_ARGUMENT, parent);
  drop(TAG_ARGUMENT); /* its end, if that was faster */
}

__attribute__((export_name("lunatic_entry"))) void lunatic_entry(lunatic_function fn, size_t size, lunatic_pid parent, uint64_t a0,
                                                                 uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5) {
  if (!constructed) __wasm_call_ctors();
  if (!parent) {
    _Alignas(16) uint64_t arg[INLINE_ARG / 8] = {a0, a1, a2, a3, a4, a5};
    fn(arg, size);
  } else {
    _Alignas(16) uint8_t arg[size];
    wait_arg(parent, arg, size);
    fn(arg, size);
  }
  __wasm_call_dtors();
}

static const char entry[] = "lunatic_entry";

/* entry_params writes the parameters of lunatic_entry. later says that the bytes come in a message. */
static bool entry_params(uint8_t *params, lunatic_function fn, const void *arg, size_t size, bool later) {
  if (size > LUNATIC_MAX_ARG) {
    fail("the argument of a process is too large");
    return false;
  }
  uint64_t words[INLINE_ARG / 8] = {0};
  if (size > 0 && !later) memcpy(words, arg, size);
  put_param(params, false, (uint32_t)fn);
  put_param(params + PARAM, false, size);
  put_param(params + 2 * PARAM, true, later ? lunatic_self() : 0);
  for (int i = 0; i < INLINE_ARG / 8; i++) put_param(params + (3 + i) * PARAM, true, words[i]);
  return true;
}

static const lunatic_spawn_options plain;

/* spawn spawns fn. If monitor is not 0, it is the tag of one more monitor, the library's own. A
 * process that is monitored does not begin before it is: nobody misses how it ends. */
static lunatic_pid spawn(const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size, lunatic_tag monitor) {
  uint8_t params[ENTRY_PARAMS * PARAM];
  if (!options) options = &plain;
  bool later = size > INLINE_ARG || options->monitor || monitor;
  if (!entry_params(params, fn, arg, size, later)) return 0;
  uint64_t id = 0;
  if (host_spawn(options->link, host_id(options->config), -1, entry, sizeof entry - 1, params, sizeof params, &id) != HOST_OK) {
    fail_with(id);
    return 0;
  }
  if (options->monitor) lunatic_monitor(options->monitor, id);
  if (monitor) lunatic_monitor(monitor, id);
  if (later) lunatic_send(id, TAG_ARGUMENT, arg, size);
  return id;
}

lunatic_pid lunatic_spawn_with(const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size) {
  return spawn(options, fn, arg, size, 0);
}

lunatic_pid lunatic_spawn(lunatic_function fn, const void *arg, size_t size) { return spawn(NULL, fn, arg, size, 0); }

lunatic_pid lunatic_spawn_link(lunatic_tag tag, lunatic_function fn, const void *arg, size_t size) {
  lunatic_spawn_options options = {.link = tag};
  return spawn(&options, fn, arg, size, 0);
}

lunatic_pid lunatic_spawn_named(const char *name, const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size,
                                bool *found) {
  uint8_t params[ENTRY_PARAMS * PARAM];
  if (!options) options = &plain;
  bool later = size > INLINE_ARG;
  if (!entry_params(params, fn, arg, size, later)) return 0;
  uint64_t node, id = 0;
  uint32_t status = host_get_or_spawn(name, strlen(name), options->link, host_id(options->config), -1, entry, sizeof entry - 1, params,
                                      sizeof params, &node, &id);
  if (status == HOST_FAILED) {
    fail_with(id);
    return 0;
  }
  if (found) *found = status == HOST_FOUND;
  if (status == HOST_OK && later) lunatic_send(id, TAG_ARGUMENT, arg, size);
  return id;
}

lunatic_pid lunatic_spawn_export(const lunatic_spawn_options *options, const char *function, const lunatic_value *values, size_t n) {
  uint8_t params[16 * PARAM];
  if (!options) options = &plain;
  if (n > 16) {
    fail("too many parameters");
    return 0;
  }
  for (size_t i = 0; i < n; i++) put_param(params + i * PARAM, values[i].is_i64, values[i].bits);
  uint64_t id = 0;
  if (host_spawn(options->link, host_id(options->config), host_id(options->module), function, strlen(function), params, n * PARAM, &id) !=
      HOST_OK) {
    fail_with(id);
    return 0;
  }
  return id;
}

lunatic_pid lunatic_self(void) {
  static lunatic_pid self;
  if (!self) self = host_process_id();
  return self;
}

bool lunatic_alive(lunatic_pid pid) { return host_exists(pid); }

void lunatic_sleep(uint64_t ms) { host_sleep(ms); }

void lunatic_yield(void) { wasi_sched_yield(); }

void lunatic_kill(lunatic_pid pid) { host_kill(pid); }

/* ---- Links, monitors, ends ---- */

const char *lunatic_reason_text(lunatic_reason reason) {
  static const char *const texts[] = {"normal", "failed", "killed", "noproc"};
  return texts[reason];
}

void lunatic_link(lunatic_tag tag, lunatic_pid pid) { host_link(tag, pid); }

void lunatic_unlink(lunatic_pid pid) { host_unlink(pid); }

void lunatic_trap_exits(bool on) { host_die_when_link_dies(!on); }

void lunatic_monitor(lunatic_tag tag, lunatic_pid pid) { host_monitor(tag, pid); }

void lunatic_demonitor(lunatic_tag tag, lunatic_pid pid) { host_stop_monitoring(tag, pid); }

/* ---- Messages ---- */

void lunatic_send(lunatic_pid pid, lunatic_tag tag, const void *data, size_t size) { host_send_data(pid, tag, data, size); }

/* The host writes the first three fields. */
_Static_assert(offsetof(lunatic_message, size) == 0 && offsetof(lunatic_message, tag) == 8 && offsetof(lunatic_message, pid) == 16,
               "what receive_data writes");

/* received completes m with what the host has said. */
static int received(lunatic_message *m, uint32_t kind) {
  if (kind == HOST_TIMED_OUT) return timed_out();
  m->kind = kind;
  m->reason = kind == LUNATIC_DATA ? LUNATIC_NORMAL : host_exit_reason();
  return LUNATIC_OK;
}

int lunatic_receive_tags(lunatic_message *m, void *buf, size_t size, const lunatic_tag *tags, size_t n, uint64_t timeout) {
  lunatic_message own;
  if (!m) m = &own;
  return received(m, host_receive_data(tags, n, timeout, buf, size, m));
}

int lunatic_receive_tag(lunatic_message *m, void *buf, size_t size, lunatic_tag tag, uint64_t timeout) {
  return lunatic_receive_tags(m, buf, size, &tag, 1, timeout);
}

/* What nobody waits for any more: an answer that came after the caller's time-out, say. */
static bool stale(const lunatic_message *m) { return m->tag >= FIRST_TAG; }

int lunatic_receive(lunatic_message *m, void *buf, size_t size, uint64_t timeout) {
  lunatic_message own;
  if (!m) m = &own;
  uint64_t begin = 0, left = timeout;
  for (;;) {
    int result = lunatic_receive_tags(m, buf, size, NULL, 0, left);
    if (result != LUNATIC_OK || !stale(m)) return result;
    if (timeout == 0 || timeout == LUNATIC_FOREVER) continue;
    if (!begin) begin = lunatic_now(); /* a little late, and only if this ever happens */
    uint64_t passed = lunatic_now() - begin;
    left = passed < timeout ? timeout - passed : 0;
  }
}

int lunatic_receive_value(void *value, size_t size, lunatic_tag tag, uint64_t timeout) {
  lunatic_message m;
  int result = lunatic_receive_tag(&m, value, size, tag, timeout);
  if (result != LUNATIC_OK) return result;
  if (m.kind != LUNATIC_DATA) return down(m.reason);
  return m.size == size ? LUNATIC_OK : fail("a message has another size");
}

void lunatic_message_begin(lunatic_tag tag) { host_create_data(tag, 0); }

void lunatic_message_write(const void *data, size_t size) { host_write_data(data, size); }

void lunatic_message_send(lunatic_pid pid) { host_send(pid); }

size_t lunatic_message_read(void *buf, size_t size) { return host_read_data(buf, size); }

size_t lunatic_message_attach_module(lunatic_module module) { return host_push_module(host_id(module)); }

lunatic_module lunatic_message_take_module(size_t index) { return host_take_module(index) + 1; }

void lunatic_send_socket(lunatic_pid pid, lunatic_tag tag, const void *data, size_t size, lunatic_socket socket) {
  lunatic_message_begin(tag);
  lunatic_message_write(data, size);
  lunatic_message_attach(socket);
  lunatic_message_send(pid);
}

/* ---- Requests ---- */

int lunatic_request(lunatic_pid pid, lunatic_tag tag, void *request, size_t size, void *reply, size_t reply_size, lunatic_message *m,
                    uint64_t timeout) {
  lunatic_message own;
  lunatic_from from = {lunatic_self(), next_tag()};
  if (!m) m = &own;
  if (size < sizeof from) return fail("a request begins with a lunatic_from");
  memcpy(request, &from, sizeof from);
  return received(m, host_request_data(pid, tag, request, size, from.reply, timeout, reply, reply_size, m));
}

void lunatic_reply(lunatic_from to, const void *data, size_t size) { lunatic_send(to.pid, to.reply, data, size); }

/* ---- Timers ---- */

lunatic_timer lunatic_message_send_after(lunatic_pid pid, uint64_t ms) { return host_send_after(pid, ms); }

lunatic_timer lunatic_send_after(lunatic_pid pid, lunatic_tag tag, const void *data, size_t size, uint64_t ms) {
  lunatic_message_begin(tag);
  lunatic_message_write(data, size);
  return lunatic_message_send_after(pid, ms);
}

bool lunatic_cancel_timer(lunatic_timer timer) { return host_cancel_timer(timer); }

uint64_t lunatic_now(void) {
  uint64_t ns = 0;
  wasi_clock_time_get(WASI_MONOTONIC, 1000000, &ns);
  return ns / 1000000;
}

/* ---- Names ---- */

void lunatic_register(const char *name, lunatic_pid pid) { host_put(name, strlen(name), 0, pid); }

void lunatic_unregister(const char *name) { host_remove(name, strlen(name)); }

lunatic_pid lunatic_whereis(const char *name) {
  uint64_t node, pid;
  return host_get(name, strlen(name), &node, &pid) == HOST_OK ? pid : 0;
}

/* ---- Configurations ---- */

lunatic_config lunatic_config_new(void) {
  int64_t id = host_create_config();
  return id < 0 ? fail("permission denied: create configurations") : id + 1;
}

void lunatic_config_drop(lunatic_config config) { host_drop_config(host_id(config)); }

void lunatic_config_memory(lunatic_config config, uint64_t bytes) { host_config_memory(host_id(config), bytes); }

void lunatic_config_fuel(lunatic_config config, uint64_t units) { host_config_fuel(host_id(config), units); }

void lunatic_config_mailbox(lunatic_config config, uint64_t n, uint64_t bytes) {
  host_config_messages(host_id(config), n);
  host_config_mailbox(host_id(config), bytes);
}

void lunatic_config_may_spawn(lunatic_config config, bool may) { host_config_may_spawn(host_id(config), may); }

void lunatic_config_may_compile(lunatic_config config, bool may) { host_config_may_compile(host_id(config), may); }

void lunatic_config_may_configure(lunatic_config config, bool may) { host_config_may_configure(host_id(config), may); }

void lunatic_config_env(lunatic_config config, const char *name, const char *value) {
  host_config_env(host_id(config), name, strlen(name), value, strlen(value));
}

void lunatic_config_arg(lunatic_config config, const char *arg) { host_config_arg(host_id(config), arg, strlen(arg)); }

void lunatic_config_dir(lunatic_config config, const char *dir) { host_config_dir(host_id(config), dir, strlen(dir)); }

void lunatic_config_forbid(lunatic_config config, const char *module_namespace) {
  host_config_forbid(host_id(config), module_namespace, strlen(module_namespace));
}

typedef uint32_t add_rule(uint64_t config, const char *rule, size_t len, uint64_t *id);

static int add(add_rule *f, lunatic_config config, const char *rule) {
  uint64_t error = 0;
  return f(host_id(config), rule, strlen(rule), &error) == HOST_OK ? LUNATIC_OK : fail_with(error);
}

int lunatic_config_allow(lunatic_config config, lunatic_access access, const char *rule) {
  static add_rule *const functions[] = {host_allow_connect, host_allow_listen, host_allow_resolve};
  return add(functions[access], config, rule);
}

int lunatic_config_deny(lunatic_config config, lunatic_access access, const char *rule) {
  static add_rule *const functions[] = {host_deny_connect, host_deny_listen, host_deny_resolve};
  return add(functions[access], config, rule);
}

/* ---- Modules ---- */

lunatic_module lunatic_module_load(const void *wasm, size_t size) {
  uint64_t id = 0;
  switch (host_compile_module(wasm, size, &id)) {
  case HOST_OK:
    return id + 1;
  case HOST_FAILED:
    return fail_with(id);
  default:
    return fail("permission denied: compile modules");
  }
}

void lunatic_module_drop(lunatic_module module) { host_drop_module(host_id(module)); }

/* ---- Traps ---- */

struct catch {
  uint32_t (*f)(void *);
  void *arg;
  uint32_t result;
};

/* Its result is 1 so that it differs from that of a trap, 0. */
__attribute__((export_name("_lunatic_catch_trap"))) uint32_t lunatic_catch_entry(uint32_t function, struct catch *c) {
  (void)function;
  c->result = c->f(c->arg);
  return 1;
}

int lunatic_catch(uint32_t (*f)(void *arg), void *arg, uint32_t *result) {
  struct catch c = {f, arg, 0};
  if (!host_catch(0, &c)) return fail("trap");
  if (result) *result = c.result;
  return LUNATIC_OK;
}

/* ---- Network ---- */

/* A socket is the host's number and what it is a number of. */
enum { TCP = 1, TLS, UDP, TCP_LISTENER, TLS_LISTENER };
static lunatic_socket handle(int kind, uint64_t id) { return (lunatic_socket)(id << 3 | kind); }
static int kind_of(lunatic_socket socket) { return socket & 7; }
static uint64_t id_of(lunatic_socket socket) { return (uint64_t)socket >> 3; }

/* misused ends the process: the socket is none, closed twice, or of a kind that cannot do it. */
static _Noreturn void misused(void) { __builtin_trap(); }

/* status turns the host's answer into a result; out is an error's id or, without a time-out that
 * has one, nothing. */
static int status(uint32_t s, uint64_t out) {
  switch (s) {
  case HOST_OK:
    return LUNATIC_OK;
  case HOST_TIMED_OUT:
    return timed_out();
  default:
    return fail_with(out);
  }
}

/* status_e is status for functions whose time-outs have an error, too. */
static int status_e(uint32_t s, uint64_t out) {
  if (s == HOST_OK) return LUNATIC_OK;
  fail_with(out);
  return s == HOST_TIMED_OUT ? timed_out() : LUNATIC_ERROR;
}

static bool next_address(uint64_t it, lunatic_address *a) {
  uint32_t type = 0, flow = 0, scope = 0;
  memset(a, 0, sizeof *a);
  if (host_resolve_next(it, &type, a->bytes, &a->port, &flow, &scope) != HOST_OK) return false;
  a->family = type;
  a->scope = type == 6 ? scope : 0;
  return true;
}

int lunatic_resolve(const char *address, lunatic_address *out, size_t n, uint64_t timeout) {
  uint64_t it = 0;
  int result = status_e(host_resolve(address, strlen(address), timeout, &it), it);
  if (result != LUNATIC_OK) return result;
  lunatic_address a;
  while (next_address(it, &a)) {
    if ((size_t)result < n) out[result] = a;
    result++;
  }
  host_drop_addresses(it);
  return result;
}

/* one resolves an address of which the first is meant. */
static int one(const char *address, lunatic_address *out) {
  int n = lunatic_resolve(address, out, 1, LUNATIC_FOREVER);
  if (n == 0) return fail("the name has no address");
  return n < 0 ? n : LUNATIC_OK;
}

/* An output of text with a limit. */
struct text {
  char *at, *end;
};

static void put_char(struct text *t, char c) {
  if (t->at < t->end) *t->at++ = c;
}

static void put_number(struct text *t, unsigned v, unsigned base) {
  if (v >= base) put_number(t, v / base, base);
  put_char(t, "0123456789abcdef"[v % base]);
}

char *lunatic_format(const lunatic_address *address, char *text, size_t size) {
  struct text t = {text, text + (size ? size - 1 : 0)};
  if (address->family == 4) {
    for (int i = 0; i < 4; i++) {
      if (i) put_char(&t, '.');
      put_number(&t, address->bytes[i], 10);
    }
  } else {
    put_char(&t, '[');
    for (int i = 0; i < 16; i += 2) {
      if (i) put_char(&t, ':');
      put_number(&t, address->bytes[i] << 8 | address->bytes[i + 1], 16);
    }
    if (address->scope) {
      put_char(&t, '%');
      put_number(&t, address->scope, 10);
    }
    put_char(&t, ']');
  }
  put_char(&t, ':');
  put_number(&t, address->port, 10);
  if (size) *t.at = 0;
  return text;
}

lunatic_socket lunatic_listen(const char *address) {
  lunatic_address a;
  uint64_t id = 0;
  int result = one(address, &a);
  if (result == LUNATIC_OK) result = status(host_tcp_bind(a.family, a.bytes, a.port, 0, a.scope, &id), id);
  return result == LUNATIC_OK ? handle(TCP_LISTENER, id) : result;
}

lunatic_socket lunatic_listen_tls(const char *address, const char *certificate, const char *key) {
  lunatic_address a;
  uint64_t id = 0;
  int result = one(address, &a);
  if (result == LUNATIC_OK)
    result = status(host_tls_bind(a.family, a.bytes, a.port, 0, a.scope, &id, certificate, strlen(certificate), key, strlen(key)), id);
  return result == LUNATIC_OK ? handle(TLS_LISTENER, id) : result;
}

lunatic_socket lunatic_accept(lunatic_socket listener, lunatic_address *peer) {
  uint64_t id = 0, it = 0;
  bool tls = kind_of(listener) == TLS_LISTENER;
  if (!tls && kind_of(listener) != TCP_LISTENER) misused();
  int result = status((tls ? host_tls_accept : host_tcp_accept)(id_of(listener), &id, &it), id);
  if (result != LUNATIC_OK) return result;
  if (peer) next_address(it, peer);
  host_drop_addresses(it);
  return handle(tls ? TLS : TCP, id);
}

lunatic_socket lunatic_connect(const char *address, uint64_t timeout) {
  uint64_t it = 0;
  int result = status_e(host_resolve(address, strlen(address), timeout, &it), it);
  if (result != LUNATIC_OK) return result;
  lunatic_address a;
  uint64_t id = 0;
  result = fail("the name has no address");
  while (result != LUNATIC_OK && next_address(it, &a))
    result = status_e(host_tcp_connect(a.family, a.bytes, a.port, 0, a.scope, timeout, &id), id);
  host_drop_addresses(it);
  return result == LUNATIC_OK ? handle(TCP, id) : result;
}

lunatic_socket lunatic_connect_tls(const char *host, uint16_t port, const char *authority, uint64_t timeout) {
  uint64_t id = 0;
  host_buffer trusted = {authority, authority ? strlen(authority) : 0};
  int result = status_e(host_tls_connect(host, strlen(host), port, timeout, &id, &trusted, authority ? 1 : 0), id);
  return result == LUNATIC_OK ? handle(TLS, id) : result;
}

lunatic_socket lunatic_udp(const char *address) {
  lunatic_address a;
  uint64_t id = 0;
  int result = one(address, &a);
  if (result == LUNATIC_OK) result = status(host_udp_bind(a.family, a.bytes, a.port, 0, a.scope, &id), id);
  return result == LUNATIC_OK ? handle(UDP, id) : result;
}

int64_t lunatic_read(lunatic_socket socket, void *buf, size_t size) {
  uint64_t out = 0, id = id_of(socket);
  uint32_t s;
  switch (kind_of(socket)) {
  case TCP:
    s = host_tcp_read(id, buf, size, &out);
    break;
  case TLS:
    s = host_tls_read(id, buf, size, &out);
    break;
  case UDP:
    s = host_udp_receive(id, buf, size, &out);
    break;
  default:
    misused();
  }
  int result = status(s, out);
  return result == LUNATIC_OK ? (int64_t)out : result;
}

int64_t lunatic_write(lunatic_socket socket, const void *data, size_t size) {
  host_buffer b = {data, size};
  uint64_t out = 0, id = id_of(socket);
  uint32_t s;
  switch (kind_of(socket)) {
  case TCP:
    s = host_tcp_write(id, &b, 1, &out);
    break;
  case TLS:
    s = host_tls_write(id, &b, 1, &out);
    break;
  case UDP:
    s = host_udp_send(id, data, size, &out);
    break;
  default:
    misused();
  }
  int result = status(s, out);
  return result == LUNATIC_OK ? (int64_t)out : result;
}

int lunatic_write_all(lunatic_socket socket, const void *data, size_t size) {
  for (const char *at = data, *end = at + size; at < end;) {
    int64_t n = lunatic_write(socket, at, end - at);
    if (n < 0) return (int)n;
    at += n;
  }
  return LUNATIC_OK;
}

int64_t lunatic_peek(lunatic_socket socket, void *buf, size_t size) {
  uint64_t out = 0;
  if (kind_of(socket) != TCP) misused();
  int result = status(host_tcp_peek(id_of(socket), buf, size, &out), out);
  return result == LUNATIC_OK ? (int64_t)out : result;
}

int lunatic_flush(lunatic_socket socket) {
  uint64_t out = 0;
  switch (kind_of(socket)) {
  case TCP:
    return status(host_tcp_flush(id_of(socket), &out), out);
  case TLS:
    return status(host_tls_flush(id_of(socket), &out), out);
  default:
    misused();
  }
}

void lunatic_set_timeouts(lunatic_socket socket, uint64_t read, uint64_t write) {
  switch (kind_of(socket)) {
  case TCP:
    host_tcp_read_timeout(id_of(socket), read);
    host_tcp_peek_timeout(id_of(socket), read);
    host_tcp_write_timeout(id_of(socket), write);
    break;
  case TLS:
    host_tls_read_timeout(id_of(socket), read);
    host_tls_write_timeout(id_of(socket), write);
    break;
  default:
    misused();
  }
}

/* only takes the one address of an iterator. */
static int only(uint32_t s, uint64_t it, lunatic_address *out) {
  if (s != HOST_OK) return fail_with(it);
  next_address(it, out);
  host_drop_addresses(it);
  return LUNATIC_OK;
}

int lunatic_local_address(lunatic_socket socket, lunatic_address *out) {
  uint64_t it = 0;
  uint32_t s;
  switch (kind_of(socket)) {
  case TCP_LISTENER:
    s = host_tcp_local_addr(id_of(socket), &it);
    break;
  case TLS_LISTENER:
    s = host_tls_local_addr(id_of(socket), &it);
    break;
  case UDP:
    s = host_udp_local_addr(id_of(socket), &it);
    break;
  default:
    misused();
  }
  return only(s, it, out);
}

int lunatic_peer_address(lunatic_socket socket, lunatic_address *out) {
  uint64_t it = 0;
  uint32_t s;
  switch (kind_of(socket)) {
  case TCP:
    s = host_tcp_peer_addr(id_of(socket), &it);
    break;
  case UDP:
    s = host_udp_peer_addr(id_of(socket), &it);
    break;
  default:
    misused();
  }
  return only(s, it, out);
}

int lunatic_udp_connect(lunatic_socket socket, const char *address) {
  lunatic_address a;
  uint64_t out = 0;
  if (kind_of(socket) != UDP) misused();
  int result = one(address, &a);
  return result != LUNATIC_OK
             ? result
             : status(host_udp_connect(id_of(socket), a.family, a.bytes, a.port, 0, a.scope, LUNATIC_FOREVER, &out), out);
}

int64_t lunatic_send_to(lunatic_socket socket, const void *data, size_t size, const lunatic_address *to) {
  uint64_t out = 0;
  if (kind_of(socket) != UDP) misused();
  int result = status(host_udp_send_to(id_of(socket), data, size, to->family, to->bytes, to->port, 0, to->scope, &out), out);
  return result == LUNATIC_OK ? (int64_t)out : result;
}

int64_t lunatic_receive_from(lunatic_socket socket, void *buf, size_t size, lunatic_address *from) {
  uint64_t out = 0, it = 0;
  if (kind_of(socket) != UDP) misused();
  int result = status(host_udp_receive_from(id_of(socket), buf, size, &out, &it), out);
  if (result != LUNATIC_OK) return result;
  if (from) next_address(it, from);
  host_drop_addresses(it);
  return (int64_t)out;
}

lunatic_socket lunatic_clone(lunatic_socket socket) {
  switch (kind_of(socket)) {
  case TCP:
    return handle(TCP, host_clone_tcp(id_of(socket)));
  case TLS:
    return handle(TLS, host_clone_tls(id_of(socket)));
  case UDP:
    return handle(UDP, host_clone_udp(id_of(socket)));
  default:
    misused();
  }
}

void lunatic_close(lunatic_socket socket) {
  switch (kind_of(socket)) {
  case TCP:
    host_drop_tcp(id_of(socket));
    break;
  case TLS:
    host_drop_tls(id_of(socket));
    break;
  case UDP:
    host_drop_udp(id_of(socket));
    break;
  case TCP_LISTENER:
    host_drop_tcp_listener(id_of(socket));
    break;
  case TLS_LISTENER:
    host_drop_tls_listener(id_of(socket));
    break;
  default:
    misused();
  }
}

size_t lunatic_message_attach(lunatic_socket socket) {
  switch (kind_of(socket)) {
  case TCP:
    return host_push_tcp(id_of(socket));
  case TLS:
    return host_push_tls(id_of(socket));
  case UDP:
    return host_push_udp(id_of(socket));
  default:
    misused();
  }
}

lunatic_socket lunatic_message_take_tcp(size_t index) { return handle(TCP, host_take_tcp(index)); }

lunatic_socket lunatic_message_take_tls(size_t index) { return handle(TLS, host_take_tls(index)); }

lunatic_socket lunatic_message_take_udp(size_t index) { return handle(UDP, host_take_udp(index)); }

/* ---- Servers ---- */

/* What has been received is in the slot until the next receive, so the notice of a monitor that is
 * not wanted any more is looked for when the next answer is. */
static lunatic_tag unwanted;

static void drop_unwanted(void) {
  if (unwanted) drop(unwanted);
  unwanted = 0;
}

/* release withdraws a monitor of the library's. */
static void release(lunatic_tag tag, lunatic_pid pid) {
  lunatic_demonitor(tag, pid);
  unwanted = tag;
}

/* A head that stands before the bytes of a message or an argument, aligned for any type. */
enum { HEAD = 16 };
_Static_assert(sizeof(lunatic_from) == HEAD, "the head of a call");

/* send_headed sends a head and data as one message. */
static void send_headed(lunatic_pid pid, lunatic_tag tag, const void *head, const void *data, size_t size) {
  if (size <= 1024) { /* a copy on the stack costs less than two more calls of the host */
    uint8_t all[HEAD + size];
    memcpy(all, head, HEAD);
    if (size) memcpy(all + HEAD, data, size);
    lunatic_send(pid, tag, all, sizeof all);
    return;
  }
  lunatic_message_begin(tag);
  lunatic_message_write(head, HEAD);
  lunatic_message_write(data, size);
  lunatic_message_send(pid);
}

int lunatic_call(lunatic_pid server, const void *request, size_t size, void *reply, size_t reply_size, lunatic_message *m,
                 uint64_t timeout) {
  lunatic_message own;
  lunatic_from from = {lunatic_self(), next_tag()};
  if (!m) m = &own;
  drop_unwanted();
  lunatic_monitor(from.reply, server); /* first: or the server could end of the request unseen */
  send_headed(server, LUNATIC_TAG_CALL, &from, request, size);
  int result = lunatic_receive_tag(m, reply, reply_size, from.reply, timeout);
  release(from.reply, server);
  return result == LUNATIC_OK && m->kind != LUNATIC_DATA ? down(m->reason) : result;
}

void lunatic_cast(lunatic_pid server, const void *request, size_t size) { lunatic_send(server, LUNATIC_TAG_CAST, request, size); }

void lunatic_shutdown(lunatic_pid pid) { lunatic_send(pid, LUNATIC_TAG_SHUTDOWN, NULL, 0); }

int lunatic_stop(lunatic_pid pid, uint64_t timeout) {
  lunatic_tag tag = next_tag();
  lunatic_monitor(tag, pid);
  lunatic_shutdown(pid);
  int result = lunatic_receive_tag(NULL, NULL, 0, tag, timeout);
  if (result == LUNATIC_OK) return result;
  lunatic_kill(pid);
  lunatic_receive_tag(NULL, NULL, 0, tag, LUNATIC_FOREVER);
  return timed_out();
}

static lunatic_next supervise(void *state, const lunatic_message *m, const void *data, size_t size);

/* dispatch gives a message to the function that handles it. data holds size bytes of it. */
static lunatic_next dispatch(const lunatic_server *s, const lunatic_message *m, const uint8_t *data, size_t size) {
  if (m->kind == LUNATIC_DATA && m->tag == LUNATIC_TAG_CALL) {
    if (!s->call || size < HEAD) return LUNATIC_CONTINUE;
    lunatic_from from;
    memcpy(&from, data, HEAD);
    return s->call(s->state, from, data + HEAD, size - HEAD);
  }
  if (m->kind == LUNATIC_DATA && m->tag == LUNATIC_TAG_CAST) return s->cast ? s->cast(s->state, data, size) : LUNATIC_CONTINUE;
  if (!s->info || (stale(m) && s->info != supervise)) return LUNATIC_CONTINUE;
  return s->info(s->state, m, data, size);
}

/* loop handles messages until the server stops. */
static void loop(const lunatic_server *s) {
  size_t max = HEAD + (s->max_message ? s->max_message : 1024);
  _Alignas(16) uint8_t data[max];
  lunatic_next next = LUNATIC_CONTINUE;
  lunatic_cause why = LUNATIC_STOPPED;
  while (next == LUNATIC_CONTINUE) {
    lunatic_message m;
    lunatic_receive_tags(&m, data, max, NULL, 0, LUNATIC_FOREVER);
    if (m.kind == LUNATIC_DATA && m.tag == LUNATIC_TAG_SHUTDOWN) {
      why = LUNATIC_SHUT_DOWN;
      break;
    }
    next = dispatch(s, &m, data, m.kind != LUNATIC_DATA ? 0 : m.size < max ? m.size : max);
  }
  if (next == LUNATIC_STOP_FAIL) why = LUNATIC_STOP_FAILED;
  if (s->terminate) s->terminate(s->state, why);
  if (why == LUNATIC_STOP_FAILED) exit(1);
}

const char *lunatic_serve(const lunatic_server *server, const void *arg, size_t size) {
  const char *refusal = server->init ? server->init(server->state, arg, size) : NULL;
  if (!refusal) loop(server);
  return refusal;
}

/* What a server's process is given, before the argument of init: 16 bytes more. */
struct server_arg {
  lunatic_from starter;
  const lunatic_server *server;
  uint8_t unused[HEAD - sizeof(const lunatic_server *)];
  uint8_t arg[];
};

/* What it tells its starter: nothing, or why init refused. */
static void server_process(const void *arg, size_t size) {
  const struct server_arg *a = arg;
  const lunatic_server *s = a->server;
  const char *refusal = s->init ? s->init(s->state, a->arg, size - sizeof *a) : NULL;
  lunatic_reply(a->starter, refusal, refusal ? strlen(refusal) + 1 : 0);
  if (!refusal) loop(s);
}

int lunatic_server_start(const lunatic_server *server, const lunatic_spawn_options *options, const void *arg, size_t size,
                         uint64_t timeout, lunatic_pid *pid) {
  if (size > LUNATIC_MAX_ARG) return fail("the argument of a server is too large");
  _Alignas(16) uint8_t bytes[sizeof(struct server_arg) + size];
  struct server_arg *a = (struct server_arg *)bytes;
  lunatic_tag tag = next_tag();
  memset(a, 0, sizeof *a);
  a->starter = (lunatic_from){lunatic_self(), tag};
  a->server = server;
  if (size) memcpy(a->arg, arg, size);
  drop_unwanted();
  *pid = spawn(options, server_process, bytes, sizeof bytes, tag);
  if (!*pid) return LUNATIC_ERROR;
  lunatic_message m;
  char refusal[sizeof last_error] = "";
  int result = lunatic_receive_tag(&m, refusal, sizeof refusal - 1, tag, timeout);
  if (result == LUNATIC_TIMEOUT) lunatic_kill(*pid);
  if (result == LUNATIC_OK && m.kind != LUNATIC_DATA) return down(m.reason);
  release(tag, *pid);
  return result == LUNATIC_OK && m.size ? fail(refusal) : result;
}

/* ---- Supervisors ---- */

/* A process is one supervisor at most: this one, whom it tells its events. */
static const lunatic_supervisor *sup;
static lunatic_watcher watcher;

int lunatic_child_arg(lunatic_child *child, const void *arg, size_t size) {
  if (size > sizeof child->arg) return fail("the argument of a child is too large");
  memcpy(child->arg, arg, size);
  child->arg_size = size;
  return LUNATIC_OK;
}

static void append(char **at, const char *end, const char *text) {
  while (*text && *at < end) *(*at)++ = *text++;
}

static void tell(const char *what, const lunatic_child *child, const char *more) {
  lunatic_event *e = &sup->memory->events[sup->memory->happened++ % LUNATIC_EVENTS];
  char *at = e->text, *end = e->text + sizeof e->text - 1;
  memset(e, 0, sizeof *e);
  memcpy(e->supervisor, sup->id, sizeof e->supervisor);
  append(&at, end, what);
  if (child) append(&at, end, child->id);
  append(&at, end, more);
  if (watcher.pid) LUNATIC_SEND(watcher.pid, watcher.tag, *e);
}

/* start_process starts what the description says. */
static int start_process(const lunatic_child *c, const lunatic_spawn_options *o, lunatic_pid *pid) {
  if (c->start) return c->start(c, o, pid);
  if (c->server) return lunatic_server_start(c->server, o, c->arg, c->arg_size, LUNATIC_FOREVER, pid);
  if (c->supervisor) return lunatic_supervisor_start(c->supervisor, &watcher, o, c->arg, c->arg_size, LUNATIC_FOREVER, pid);
  if (!c->function) return fail("the child has nothing to start");
  *pid = lunatic_spawn_with(o, c->function, c->arg, c->arg_size);
  return *pid ? LUNATIC_OK : LUNATIC_ERROR;
}

static int start_child(lunatic_child *c) {
  lunatic_tag tag = next_tag();
  lunatic_spawn_options options = {.link = tag, .monitor = tag};
  lunatic_pid pid = 0;
  int result = start_process(c, &options, &pid);
  if (result != LUNATIC_OK) {
    tell("start ", c, " failed");
    return result;
  }
  if (c->start) { /* in case it did not care */
    lunatic_link(tag, pid);
    lunatic_monitor(tag, pid);
  }
  c->pid = pid;
  c->tag = tag;
  c->link_reason = LUNATIC_NORMAL;
  if (c->name[0]) lunatic_register(c->name, pid);
  tell("start ", c, "");
  return LUNATIC_OK;
}

static size_t *count(void) { return &sup->memory->count; }

static void forget_child(lunatic_child *c) {
  lunatic_child *end = sup->slots + --*count();
  memmove(c, c + 1, (end - c) * sizeof *c);
}

/* ended waits until the child has. */
static bool ended(lunatic_child *c, uint64_t timeout) {
  lunatic_message m;
  do {
    if (lunatic_receive_tag(&m, NULL, 0, c->tag, timeout) != LUNATIC_OK) return false;
  } while (m.kind != LUNATIC_PROCESS_DIED); /* its link, first */
  return true;
}

/* end_child ends a child that runs, and forgets it if it is a temporary one. */
static void end_child(lunatic_child *c) {
  uint64_t timeout = c->shutdown == LUNATIC_INFINITY ? LUNATIC_FOREVER : c->shutdown ? (uint64_t)c->shutdown : 5000;
  bool kill = c->shutdown == LUNATIC_BRUTAL_KILL;
  if (!kill) {
    lunatic_shutdown(c->pid);
    kill = !ended(c, timeout);
  }
  if (kill) {
    lunatic_kill(c->pid);
    ended(c, LUNATIC_FOREVER);
  }
  c->pid = 0;
  tell(kill ? "kill " : "shutdown ", c, "");
  if (c->restart == LUNATIC_TEMPORARY) forget_child(c);
}

/* end_children ends those that run from place first on, the last one first. */
static void end_children(size_t first) {
  for (size_t i = *count(); i-- > first;)
    if (sup->slots[i].pid) end_child(&sup->slots[i]);
}

/* start_children starts those that do not run from place first on. It returns the place of one that
 * could not be started, or count. */
static size_t start_children(size_t first) {
  for (size_t i = first; i < *count(); i++)
    if (!sup->slots[i].pid && start_child(&sup->slots[i]) != LUNATIC_OK) return i;
  return *count();
}

/* too_many counts a restart. */
static bool too_many(void) {
  lunatic_supervision *m = sup->memory;
  size_t most = sup->intensity == LUNATIC_NO_RESTARTS ? 0 : sup->intensity ? sup->intensity : 1, kept = 0;
  uint64_t now = lunatic_now(), period = sup->period ? sup->period : 5000;
  for (size_t i = 0; i < m->restarted; i++)
    if (now - m->restarts[i] <= period) m->restarts[kept++] = m->restarts[i];
  m->restarted = kept;
  if (kept >= most) return true;
  m->restarts[m->restarted++] = now;
  return false;
}

/* restart starts the child at a place again, and those that go with it, until all run. */
static lunatic_next restart(size_t place) {
  while (!too_many()) {
    switch (sup->strategy) {
    case LUNATIC_ONE_FOR_ONE:
      if (start_child(&sup->slots[place]) == LUNATIC_OK) return LUNATIC_CONTINUE;
      break;
    case LUNATIC_ONE_FOR_ALL:
      end_children(0);
      if (start_children(0) == *count()) return LUNATIC_CONTINUE;
      break;
    case LUNATIC_REST_FOR_ONE:
      end_children(place + 1);
      place = start_children(place); /* those before it stay */
      if (place == *count()) return LUNATIC_CONTINUE;
    }
  }
  tell("give up", NULL, "");
  return LUNATIC_STOP_FAIL;
}

/* supervise handles the ends of children. */
static lunatic_next supervise(void *state, const lunatic_message *m, const void *data, size_t size) {
  (void)state, (void)data, (void)size;
  if (m->kind == LUNATIC_DATA) return LUNATIC_CONTINUE;
  if (m->kind == LUNATIC_LINK_DIED && m->tag == 0) return LUNATIC_STOP_FAIL; /* who started it */
  for (size_t i = 0; i < *count(); i++) {
    lunatic_child *c = &sup->slots[i];
    if (!c->pid || c->tag != m->tag) continue;
    if (m->kind == LUNATIC_LINK_DIED) { /* the monitor says the same, unless it came too late */
      c->link_reason = m->reason;
      break;
    }
    lunatic_reason reason = m->reason == LUNATIC_NOPROC ? c->link_reason : m->reason;
    if (reason == LUNATIC_NOPROC) reason = LUNATIC_NORMAL;
    c->pid = 0;
    char text[] = " normal"; /* they are as long */
    memcpy(text + 1, lunatic_reason_text(reason), 6);
    tell("end ", c, text);
    if (c->restart == LUNATIC_PERMANENT || (c->restart == LUNATIC_TRANSIENT && reason != LUNATIC_NORMAL)) return restart(i);
    if (c->restart == LUNATIC_TEMPORARY) forget_child(c);
    break;
  }
  return LUNATIC_CONTINUE;
}

static lunatic_child *find(const char *id) {
  for (size_t i = 0; i < *count(); i++)
    if (!strncmp(sup->slots[i].id, id, LUNATIC_ID_SIZE)) return &sup->slots[i];
  return NULL;
}

/* prepare completes a description that a program has written. */
static void prepare(lunatic_child *c) {
  c->pid = 0;
  c->id[LUNATIC_ID_SIZE - 1] = c->name[LUNATIC_ID_SIZE - 1] = 0;
}

/* What a supervisor's process is given, before the argument of its init. */
struct supervisor_arg {
  lunatic_watcher watcher;
  const lunatic_supervisor *supervisor;
  uint8_t unused[HEAD - sizeof(const lunatic_supervisor *)];
  uint8_t arg[];
};

static const char *init_supervisor(void *state, const void *arg, size_t size) {
  (void)state;
  const struct supervisor_arg *a = arg;
  sup = a->supervisor;
  watcher = a->watcher;
  lunatic_trap_exits(true);
  if (sup->intensity > LUNATIC_MAX_INTENSITY) return "the intensity is too large";
  if (sup->count > sup->capacity) return "there is no room for the children";
  for (size_t i = 0; i < sup->count; i++) sup->slots[i] = sup->children[i];
  *count() = sup->count;
  if (sup->init) *count() += sup->init(sup->slots + sup->count, sup->capacity - sup->count, a->arg, size - sizeof *a);
  if (*count() > sup->capacity) return "there is no room for the children";
  for (size_t i = 0; i < *count(); i++) {
    prepare(&sup->slots[i]);
    if (find(sup->slots[i].id) != &sup->slots[i]) return "two children have the same id";
  }
  if (start_children(0) == *count()) return NULL;
  static char text[sizeof last_error];
  memcpy(text, last_error, sizeof text);
  end_children(0);
  return text;
}

static void end_supervisor(void *state, lunatic_cause why) {
  (void)state;
  end_children(0);
  if (why != LUNATIC_STOP_FAILED) tell("stop", NULL, "");
}

/* The requests and the answers. */
typedef enum { CHILD_START, CHILD_TERMINATE, CHILD_RESTART, CHILD_DELETE, CHILD_LIST, EVENT_LIST } child_request;

struct child_call {
  child_request what;
  lunatic_child child; /* for others than CHILD_START its id alone counts */
};

struct child_reply {
  int result;
  lunatic_pid pid;
  char text[sizeof last_error];
};

/* add_child is the request CHILD_START. */
static int add_child(const lunatic_child *description, lunatic_pid *pid) {
  lunatic_child *c = find(description->id);
  if (c) {
    *pid = c->pid;
    return c->pid ? LUNATIC_ALREADY_STARTED : LUNATIC_ALREADY_PRESENT;
  }
  if (*count() == sup->capacity) return fail("no room for another child");
  c = &sup->slots[*count()];
  *c = *description;
  prepare(c);
  int result = start_child(c);
  if (result != LUNATIC_OK) return result;
  ++*count();
  *pid = c->pid;
  return LUNATIC_OK;
}

/* change_child is the others that are about one child. */
static int change_child(child_request what, const char *id, lunatic_pid *pid) {
  lunatic_child *c = find(id);
  if (!c) return LUNATIC_NOT_FOUND;
  if (what == CHILD_TERMINATE) {
    if (c->pid) end_child(c);
    return LUNATIC_OK;
  }
  if (c->pid) return LUNATIC_RUNNING;
  if (what == CHILD_DELETE) {
    forget_child(c);
    return LUNATIC_OK;
  }
  int result = start_child(c);
  *pid = c->pid;
  return result;
}

/* Lists are answered as a number and as many records behind it. */
static void list_children(lunatic_from from) {
  uint64_t n = *count();
  lunatic_message_begin(from.reply);
  lunatic_message_write(&n, sizeof n);
  for (size_t i = 0; i < n; i++) {
    lunatic_child_info info = {.pid = sup->slots[i].pid};
    memcpy(info.id, sup->slots[i].id, sizeof info.id);
    lunatic_message_write(&info, sizeof info);
  }
  lunatic_message_send(from.pid);
}

static void list_events(lunatic_from from) {
  const lunatic_supervision *m = sup->memory;
  uint64_t n = m->happened < LUNATIC_EVENTS ? m->happened : LUNATIC_EVENTS;
  lunatic_message_begin(from.reply);
  lunatic_message_write(&n, sizeof n);
  for (size_t i = m->happened - n; i < m->happened; i++) lunatic_message_write(&m->events[i % LUNATIC_EVENTS], sizeof m->events[0]);
  lunatic_message_send(from.pid);
}

static lunatic_next answer(void *state, lunatic_from from, const void *request, size_t size) {
  (void)state;
  const struct child_call *c = request;
  struct child_reply r = {0};
  if (size != sizeof *c) return LUNATIC_CONTINUE;
  switch (c->what) {
  case CHILD_LIST:
    list_children(from);
    return LUNATIC_CONTINUE;
  case EVENT_LIST:
    list_events(from);
    return LUNATIC_CONTINUE;
  case CHILD_START:
    r.result = add_child(&c->child, &r.pid);
    break;
  default:
    r.result = change_child(c->what, c->child.id, &r.pid);
  }
  if (r.result < 0) memcpy(r.text, last_error, sizeof r.text);
  LUNATIC_REPLY(from, r);
  return LUNATIC_CONTINUE;
}

static const lunatic_server supervisor_server = {
    .init = init_supervisor,
    .call = answer,
    .info = supervise,
    .terminate = end_supervisor,
};

int lunatic_supervisor_start(const lunatic_supervisor *supervisor, const lunatic_watcher *w, const lunatic_spawn_options *options,
                             const void *arg, size_t size, uint64_t timeout, lunatic_pid *pid) {
  if (size > LUNATIC_MAX_ARG) return fail("the argument of a supervisor is too large");
  _Alignas(16) uint8_t bytes[sizeof(struct supervisor_arg) + size];
  struct supervisor_arg *a = (struct supervisor_arg *)bytes;
  memset(a, 0, sizeof *a);
  if (w) a->watcher = *w;
  a->supervisor = supervisor;
  if (size) memcpy(a->arg, arg, size);
  return lunatic_server_start(&supervisor_server, options, bytes, sizeof bytes, timeout, pid);
}

static int ask(lunatic_pid supervisor, child_request what, const lunatic_child *child, lunatic_pid *pid) {
  struct child_call c = {.what = what, .child = *child};
  struct child_reply r;
  int result = lunatic_call(supervisor, &c, sizeof c, &r, sizeof r, NULL, LUNATIC_FOREVER);
  if (result != LUNATIC_OK) return result;
  if (pid) *pid = r.pid;
  if (r.result < 0) fail(r.text);
  return r.result;
}

static int ask_by_id(lunatic_pid supervisor, child_request what, const char *id, lunatic_pid *pid) {
  lunatic_child child = {0};
  strncpy(child.id, id, sizeof child.id - 1);
  return ask(supervisor, what, &child, pid);
}

int lunatic_child_start(lunatic_pid supervisor, const lunatic_child *child, lunatic_pid *pid) {
  return ask(supervisor, CHILD_START, child, pid);
}

int lunatic_child_terminate(lunatic_pid supervisor, const char *id) { return ask_by_id(supervisor, CHILD_TERMINATE, id, NULL); }

int lunatic_child_restart(lunatic_pid supervisor, const char *id, lunatic_pid *pid) {
  return ask_by_id(supervisor, CHILD_RESTART, id, pid);
}

int lunatic_child_delete(lunatic_pid supervisor, const char *id) { return ask_by_id(supervisor, CHILD_DELETE, id, NULL); }

/* list asks for records, and reads as many as there is room for. */
static int list(lunatic_pid supervisor, child_request what, void *out, size_t size, size_t n) {
  struct child_call c = {.what = what};
  uint64_t there = 0;
  int result = lunatic_call(supervisor, &c, sizeof c, &there, sizeof there, NULL, LUNATIC_FOREVER);
  if (result != LUNATIC_OK) return result;
  lunatic_message_read(out, size * (there < n ? there : n));
  return (int)there;
}

int lunatic_children(lunatic_pid supervisor, lunatic_child_info *out, size_t n) {
  return list(supervisor, CHILD_LIST, out, sizeof *out, n);
}

int lunatic_events(lunatic_pid supervisor, lunatic_event *out, size_t n) { return list(supervisor, EVENT_LIST, out, sizeof *out, n); }

/* ---- Tasks ---- */

/* What a task's process is given, before the argument of its function. */
struct task_arg {
  lunatic_from owner;
  lunatic_function function;
  uint8_t unused[HEAD - sizeof(lunatic_function)];
  uint8_t arg[];
};

static lunatic_from task_owner; /* of this process, if it is a task */

static void task_process(const void *arg, size_t size) {
  const struct task_arg *a = arg;
  task_owner = a->owner;
  a->function(a->arg, size - sizeof *a);
}

int lunatic_async(lunatic_task *task, const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size) {
  if (size > LUNATIC_MAX_ARG) return fail("the argument of a task is too large");
  _Alignas(16) uint8_t bytes[sizeof(struct task_arg) + size];
  struct task_arg *a = (struct task_arg *)bytes;
  memset(a, 0, sizeof *a);
  task->tag = next_tag();
  a->owner = (lunatic_from){lunatic_self(), task->tag};
  a->function = fn;
  if (size) memcpy(a->arg, arg, size);
  task->pid = spawn(options, task_process, bytes, sizeof bytes, task->tag);
  return task->pid ? LUNATIC_OK : LUNATIC_ERROR;
}

void lunatic_task_return(const void *value, size_t size) { lunatic_reply(task_owner, value, size); }

int lunatic_await(lunatic_task *task, void *value, size_t size, lunatic_message *m, uint64_t timeout) {
  lunatic_message own;
  if (!m) m = &own;
  drop_unwanted();
  int result = lunatic_receive_tag(m, value, size, task->tag, timeout);
  if (result != LUNATIC_OK) return result;
  release(task->tag, task->pid);
  return m->kind == LUNATIC_DATA ? LUNATIC_OK : down(m->reason);
}

void lunatic_cancel(lunatic_task *task) {
  lunatic_message m;
  lunatic_kill(task->pid);
  do lunatic_receive_tag(&m, NULL, 0, task->tag, LUNATIC_FOREVER);
  while (m.kind == LUNATIC_DATA); /* it had a value already */
}
