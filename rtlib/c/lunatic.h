/* Processes, messages, supervision and the network for programs in C and C++ that run under
 * lunatic-run. One header and one source file, C11, without an allocation of its own: whatever
 * has to be kept is the caller's.
 *
 * A process is an instance of this program with a memory of its own. Pointers mean nothing in
 * another process, nor do handles (lunatic_socket, lunatic_config, ...); what is sent is bytes,
 * and the sockets and modules that are attached to them. Pointers to functions and to constants
 * are the same in all processes of one module.
 *
 * Functions that can fail return LUNATIC_OK (0) or more, or one of the negative results below;
 * lunatic_error() says what went wrong. Misuse of a handle ends the process with a trap, whose
 * text is in the log. README.md has an introduction, docs/supervision.md in the project's
 * repository what servers and supervisors do. */
#ifndef LUNATIC_H
#define LUNATIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Results and errors ---- */

enum {
  LUNATIC_OK = 0,
  LUNATIC_ERROR = -1,   /* see lunatic_error */
  LUNATIC_TIMEOUT = -2, /* it took too long */
  LUNATIC_DOWN = -3,    /* the process that was asked has ended, or ended before it answered */
};

/* Time-outs are milliseconds. 0 is one attempt: what is there at once is found. */
#define LUNATIC_FOREVER UINT64_MAX

/* lunatic_error returns the text of this process's last failure. It stays as it is until the
 * next one. */
const char *lunatic_error(void);

/* ---- Processes ---- */

/* A process is known by a number, from 1. 0 is none. */
typedef uint64_t lunatic_pid;

/* Messages, links and monitors have a tag, by which a process selects what it receives. 0 is
 * none. Positive tags are the program's, negative ones are used by this library. */
typedef int64_t lunatic_tag;

/* What a process does, given the bytes that its parent gave it. They are aligned for any type,
 * and the process's own. The process ends, normally, when the function returns; exit and traps
 * end it too. Standard output is flushed at a normal end and by exit. */
typedef void (*lunatic_function)(const void *arg, size_t size);

/* The most bytes that a process can be given when it is spawned. Send more. */
#define LUNATIC_MAX_ARG 4096

/* lunatic_spawn starts a process, which calls fn with a copy of arg. It returns 0 if it cannot:
 * not permitted, too many processes, too little memory. */
lunatic_pid lunatic_spawn(lunatic_function fn, const void *arg, size_t size);

/* lunatic_spawn_link starts a process that is linked with this one from its first instruction
 * on: see lunatic_link. tag must not be 0. */
lunatic_pid lunatic_spawn_link(lunatic_tag tag, lunatic_function fn, const void *arg, size_t size);

/* A configuration, a module: handles. 0 is the process's own. */
typedef int64_t lunatic_config;
typedef int64_t lunatic_module;

/* How to spawn; what is 0 is as in lunatic_spawn. */
typedef struct lunatic_spawn_options {
  lunatic_tag link;      /* a tag: linked, see lunatic_link */
  lunatic_tag monitor;   /* a tag: monitored from its first instruction on, see lunatic_monitor; not for lunatic_spawn_export
                            and lunatic_spawn_named */
  lunatic_config config; /* what the process may do */
  lunatic_module module; /* for lunatic_spawn_export */
} lunatic_spawn_options;

lunatic_pid lunatic_spawn_with(const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size);

/* lunatic_spawn_named returns the process called name, or spawns one under that name. Of those
 * who ask at the same time one spawns, the others get the same process. found may be NULL. */
lunatic_pid lunatic_spawn_named(const char *name, const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size,
                                bool *found);

/* A parameter of an exported function. */
typedef struct lunatic_value {
  bool is_i64; /* else i32 */
  uint64_t bits;
} lunatic_value;

/* lunatic_spawn_export calls an exported function in a new process: of a loaded module, or of
 * this program (LUNATIC_EXPORT). The function has no results; if it does not exist, or has other
 * parameters, the child fails. At most 16 parameters. */
lunatic_pid lunatic_spawn_export(const lunatic_spawn_options *options, const char *function, const lunatic_value *params, size_t n);

/* LUNATIC_EXPORT exports a function under a name: LUNATIC_EXPORT("start") void start(int n) {} */
#define LUNATIC_EXPORT(name) __attribute__((export_name(name)))

lunatic_pid lunatic_self(void);
bool lunatic_alive(lunatic_pid pid);
void lunatic_sleep(uint64_t ms);

/* lunatic_yield lets other processes run. There is seldom a reason to: the runtime preempts. */
void lunatic_yield(void);

/* lunatic_kill ends a process, which may be this one, as soon as it looks. */
void lunatic_kill(lunatic_pid pid);

/* ---- Links, monitors, ends ---- */

/* How a process ended. */
typedef enum lunatic_reason {
  LUNATIC_NORMAL, /* its function returned, or it called exit(0) */
  LUNATIC_FAILED, /* a trap, or exit with another code */
  LUNATIC_KILLED, /* lunatic_kill, or the end of a linked process */
  LUNATIC_NOPROC, /* it was not there when it was linked or monitored */
} lunatic_reason;

/* lunatic_reason_text returns "normal", "failed", "killed" or "noproc". */
const char *lunatic_reason_text(lunatic_reason reason);

/* lunatic_link links this process with another one. If one of them ends other than normally, the
 * other one is killed or, if it traps exits, gets a message LUNATIC_LINK_DIED with the tag. Both
 * have the same tag. Linking again replaces it. */
void lunatic_link(lunatic_tag tag, lunatic_pid pid);

/* lunatic_unlink removes a link. No message of it comes from here on. */
void lunatic_unlink(lunatic_pid pid);

/* lunatic_trap_exits says whether the ends of linked processes arrive as messages (true), or end
 * this one too, as at first. */
void lunatic_trap_exits(bool on);

/* lunatic_monitor asks for a message LUNATIC_PROCESS_DIED with the tag when the process ends,
 * however it ends; it comes at once if there is no such process. Each tag is a monitor of its
 * own; one process has up to 1,024 on another one. */
void lunatic_monitor(lunatic_tag tag, lunatic_pid pid);

/* lunatic_demonitor withdraws the monitor with the tag. No message of it comes from here on; one
 * that is in the mailbox stays there. */
void lunatic_demonitor(lunatic_tag tag, lunatic_pid pid);

/* ---- Messages ---- */

typedef enum lunatic_kind {
  LUNATIC_DATA,
  LUNATIC_LINK_DIED,    /* tag, reason */
  LUNATIC_PROCESS_DIED, /* tag, reason, pid */
} lunatic_kind;

/* What has been received. */
typedef struct lunatic_message {
  uint64_t size; /* of all its data; more than the buffer is read by lunatic_message_read */
  lunatic_tag tag;
  lunatic_pid pid; /* the process that died */
  lunatic_kind kind;
  lunatic_reason reason; /* how it ended */
} lunatic_message;

/* lunatic_send sends bytes. It does not wait and cannot fail: what is sent to a process that has
 * ended is gone. Messages of one sender arrive in order. */
void lunatic_send(lunatic_pid pid, lunatic_tag tag, const void *data, size_t size);

/* lunatic_receive takes the oldest message, waits for it if there is none, and copies the
 * beginning of its data to buf. m may be NULL. It returns LUNATIC_OK or LUNATIC_TIMEOUT. */
int lunatic_receive(lunatic_message *m, void *buf, size_t size, uint64_t timeout);

/* lunatic_receive_tag takes the oldest message with the tag, whatever its kind, and leaves the
 * others; lunatic_receive_tags one that has one of the tags. */
int lunatic_receive_tag(lunatic_message *m, void *buf, size_t size, lunatic_tag tag, uint64_t timeout);
int lunatic_receive_tags(lunatic_message *m, void *buf, size_t size, const lunatic_tag *tags, size_t n, uint64_t timeout);

/* LUNATIC_SEND sends a variable, LUNATIC_RECEIVE fills one. Structures travel as their bytes. */
#define LUNATIC_SEND(pid, tag, variable) lunatic_send((pid), (tag), &(variable), sizeof(variable))
#define LUNATIC_RECEIVE(m, variable, tag, timeout) lunatic_receive_tag((m), &(variable), sizeof(variable), (tag), (timeout))

/* LUNATIC_MAILBOX defines a kind of message: NAME_send and NAME_receive, which take a TYPE and
 * nothing else. NAME_receive fails with LUNATIC_ERROR for a message of another size, and with
 * LUNATIC_DOWN if a process ended whose link or monitor has the tag.
 *
 *     LUNATIC_MAILBOX(job, struct job, 1)
 *     ...
 *     job_send(worker, (struct job){.from = 1, .to = 100}); */
#define LUNATIC_MAILBOX(name, type, tag)                                                            \
  __attribute__((unused)) static void name##_send(lunatic_pid pid, type value) {                    \
    lunatic_send(pid, (tag), &value, sizeof value);                                                 \
  }                                                                                                 \
  __attribute__((unused)) static int name##_receive(type *value, uint64_t timeout) {                \
    return lunatic_receive_value(value, sizeof *value, (tag), timeout);                             \
  }
int lunatic_receive_value(void *value, size_t size, lunatic_tag tag, uint64_t timeout);

/* Messages in parts, and with sockets and modules attached. A process has one slot for the
 * message that it writes or has received: begin, write and attach, then send, and receive nothing
 * meanwhile. Attaching gives the socket away (clone it first to keep one); a module is kept. */
void lunatic_message_begin(lunatic_tag tag);
void lunatic_message_write(const void *data, size_t size);
typedef int64_t lunatic_socket;
size_t lunatic_message_attach(lunatic_socket socket);
size_t lunatic_message_attach_module(lunatic_module module);
void lunatic_message_send(lunatic_pid pid);

/* Of the message received last: more of its data, 0 at the end; what is attached to it. Taking
 * what is not there, has been taken, or is of another kind, traps. */
size_t lunatic_message_read(void *buf, size_t size);
lunatic_socket lunatic_message_take_tcp(size_t index);
lunatic_socket lunatic_message_take_tls(size_t index);
lunatic_socket lunatic_message_take_udp(size_t index);
lunatic_module lunatic_message_take_module(size_t index);

/* lunatic_send_socket sends bytes and a socket, which is given away. */
void lunatic_send_socket(lunatic_pid pid, lunatic_tag tag, const void *data, size_t size, lunatic_socket socket);

/* ---- Requests ---- */

/* Who asks, and the tag of the answer. A request is a structure that begins with one. */
typedef struct lunatic_from {
  lunatic_pid pid;
  lunatic_tag reply;
} lunatic_from;

/* lunatic_request sends a request, a structure that begins with a lunatic_from, which it fills in,
 * and waits for the answer. It returns LUNATIC_OK, or LUNATIC_TIMEOUT. It is one call of the host,
 * and does not notice that the other process is gone: give it a time-out, or link with the
 * process. lunatic_call asks a server, and does. m may be NULL. */
int lunatic_request(lunatic_pid pid, lunatic_tag tag, void *request, size_t size, void *reply, size_t reply_size, lunatic_message *m,
                    uint64_t timeout);

/* lunatic_reply answers, from any process, at any time. An answer that comes too late is dropped. */
void lunatic_reply(lunatic_from to, const void *data, size_t size);

/* ---- Timers ---- */

typedef int64_t lunatic_timer;

/* lunatic_send_after sends bytes later, also if this process has ended by then. A process that has
 * ended gets nothing. lunatic_message_send_after does it with the message in the slot. */
lunatic_timer lunatic_send_after(lunatic_pid pid, lunatic_tag tag, const void *data, size_t size, uint64_t ms);
lunatic_timer lunatic_message_send_after(lunatic_pid pid, uint64_t ms);

/* lunatic_cancel_timer reports whether it is why the message will not be sent. */
bool lunatic_cancel_timer(lunatic_timer timer);

/* lunatic_now is a clock that never goes back, in milliseconds from any zero. */
uint64_t lunatic_now(void);

/* ---- Names ---- */

/* lunatic_register gives a process a name, which is free again when it ends. Who had it before
 * loses it. */
void lunatic_register(const char *name, lunatic_pid pid);
void lunatic_unregister(const char *name);
/* lunatic_whereis returns the process called name, or 0. */
lunatic_pid lunatic_whereis(const char *name);

/* ---- Configurations: what a child gets and may do ---- */

/* lunatic_config_new returns a configuration that permits nothing but messages and the network, or
 * LUNATIC_ERROR if this process may not make one. A child never has more than its parent. */
lunatic_config lunatic_config_new(void);
void lunatic_config_drop(lunatic_config config);

void lunatic_config_memory(lunatic_config config, uint64_t bytes);             /* limit of linear memory */
void lunatic_config_fuel(lunatic_config config, uint64_t units);               /* of about 100,000 instructions */
void lunatic_config_mailbox(lunatic_config config, uint64_t n, uint64_t bytes); /* messages that may wait; 0: the default */
void lunatic_config_may_spawn(lunatic_config config, bool may);
void lunatic_config_may_compile(lunatic_config config, bool may);
void lunatic_config_may_configure(lunatic_config config, bool may);

void lunatic_config_env(lunatic_config config, const char *name, const char *value);
void lunatic_config_arg(lunatic_config config, const char *arg); /* the first is the program's name */
void lunatic_config_dir(lunatic_config config, const char *dir); /* the child sees it under the same name */

/* lunatic_config_forbid refuses modules that import from the namespace, "lunatic::networking" say. */
void lunatic_config_forbid(lunatic_config config, const char *module_namespace);

/* Rules for the network: HOST[:PORT[-PORT]], HOST is an address, a network, a name, *.NAME or *.
 * Something is allowed if no rule of deny matches, and one of allow does or there is none. */
typedef enum lunatic_access { LUNATIC_CONNECT, LUNATIC_LISTEN, LUNATIC_RESOLVE } lunatic_access;
int lunatic_config_allow(lunatic_config config, lunatic_access access, const char *rule);
int lunatic_config_deny(lunatic_config config, lunatic_access access, const char *rule);

/* ---- Modules ---- */

/* lunatic_module_load compiles a module, or returns LUNATIC_ERROR. */
lunatic_module lunatic_module_load(const void *wasm, size_t size);
void lunatic_module_drop(lunatic_module module);

/* ---- Traps ---- */

/* lunatic_catch calls f. It returns LUNATIC_OK and its result, or LUNATIC_ERROR if it trapped or
 * called exit: memory and resources stay as it left them. Waiting inside costs a goroutine. */
int lunatic_catch(uint32_t (*f)(void *arg), void *arg, uint32_t *result);

/* ---- Network ---- */

/* A socket is like a file descriptor: read it, write it, close it, send it to another process
 * (lunatic_message_attach). 0 is none; LUNATIC_ERROR and LUNATIC_TIMEOUT are what calls that make
 * one return otherwise. */

typedef struct lunatic_address {
  uint8_t family; /* 4 or 6 */
  uint8_t bytes[16];
  uint16_t port;
  uint32_t scope; /* of IPv6 */
} lunatic_address;

/* An address is written HOST:PORT: "127.0.0.1:80", "[::1]:80", "example.com:80". Port 0 lets the
 * system choose. */

/* lunatic_resolve looks a name up and returns how many addresses it has, of which it writes n at
 * most; LUNATIC_ERROR; LUNATIC_TIMEOUT. */
int lunatic_resolve(const char *address, lunatic_address *out, size_t n, uint64_t timeout);

/* lunatic_format writes an address as text, with a 0 behind it, and returns text. 64 bytes are
 * enough for any. */
#define LUNATIC_ADDRESS_TEXT 64
char *lunatic_format(const lunatic_address *address, char *text, size_t size);

lunatic_socket lunatic_listen(const char *address);
/* Certificate and key are texts in PEM. */
lunatic_socket lunatic_listen_tls(const char *address, const char *certificate, const char *key);
/* lunatic_accept returns the next connection. peer may be NULL. */
lunatic_socket lunatic_accept(lunatic_socket listener, lunatic_address *peer);
lunatic_socket lunatic_connect(const char *address, uint64_t timeout);
/* authority is the certificate to trust, in PEM, or NULL for those of the system. */
lunatic_socket lunatic_connect_tls(const char *host, uint16_t port, const char *authority, uint64_t timeout);
lunatic_socket lunatic_udp(const char *address);

/* lunatic_read reads what is there, and waits if there is nothing. It returns how much, 0 at the
 * end of the stream. lunatic_write writes some of the data and returns how much;
 * lunatic_write_all all of it, or fails. For UDP sockets that are connected it is a datagram. */
int64_t lunatic_read(lunatic_socket socket, void *buf, size_t size);
int64_t lunatic_write(lunatic_socket socket, const void *data, size_t size);
int lunatic_write_all(lunatic_socket socket, const void *data, size_t size);
/* lunatic_peek reads without taking; TCP only. */
int64_t lunatic_peek(lunatic_socket socket, void *buf, size_t size);
/* lunatic_flush waits until what was written is with the system. */
int lunatic_flush(lunatic_socket socket);
/* Time-outs of each read and write, of this stream and its clones, from here on. */
void lunatic_set_timeouts(lunatic_socket socket, uint64_t read, uint64_t write);

/* lunatic_local_address of listeners and UDP sockets; lunatic_peer_address of TCP streams and UDP
 * sockets. */
int lunatic_local_address(lunatic_socket socket, lunatic_address *out);
int lunatic_peer_address(lunatic_socket socket, lunatic_address *out);

int lunatic_udp_connect(lunatic_socket socket, const char *address);
int64_t lunatic_send_to(lunatic_socket socket, const void *data, size_t size, const lunatic_address *to);
int64_t lunatic_receive_from(lunatic_socket socket, void *buf, size_t size, lunatic_address *from);

/* lunatic_clone returns another handle of a stream or UDP socket; it is closed with its last one. */
lunatic_socket lunatic_clone(lunatic_socket socket);
void lunatic_close(lunatic_socket socket);

/* ---- Servers ----
 *
 * A server is a process with a state and a loop that handles one message after another. It is
 * described by a constant structure; its state is static memory, which every process has of its
 * own:
 *
 *     static int64_t total;
 *
 *     static lunatic_next add(void *state, lunatic_from from, const void *request, size_t size) {
 *       total += *(const int64_t *)request;
 *       LUNATIC_REPLY(from, total);
 *       return LUNATIC_CONTINUE;
 *     }
 *     static const lunatic_server adder = {.call = add};
 *     ...
 *     lunatic_pid pid;
 *     int64_t request = 5, reply;
 *     if (lunatic_server_start(&adder, NULL, NULL, 0, LUNATIC_FOREVER, &pid) == LUNATIC_OK)
 *       lunatic_call(pid, &request, sizeof request, &reply, sizeof reply, NULL, 5000); */

/* What a handler wants to happen next. */
typedef enum lunatic_next {
  LUNATIC_CONTINUE,
  LUNATIC_STOP,      /* the server ends, normally */
  LUNATIC_STOP_FAIL, /* it ends as failed, with exit code 1 */
} lunatic_next;

/* Why a server ends by itself. */
typedef enum lunatic_cause { LUNATIC_STOPPED, LUNATIC_STOP_FAILED, LUNATIC_SHUT_DOWN } lunatic_cause;

/* All of it may be 0. Data that is longer than max_message is cut off: lunatic_message_read, called
 * first, reads the rest. */
typedef struct lunatic_server {
  void *state;        /* what the functions get */
  size_t max_message; /* the longest request in bytes, on the stack; 0: 1,024 */
  /* init makes the state, and returns NULL; or refuses, with a text of less than 256 bytes. */
  const char *(*init)(void *state, const void *arg, size_t size);
  /* call answers by lunatic_reply: now, later, or never. */
  lunatic_next (*call)(void *state, lunatic_from from, const void *request, size_t size);
  lunatic_next (*cast)(void *state, const void *request, size_t size);
  /* info gets everything else, ends of links and monitors included. */
  lunatic_next (*info)(void *state, const lunatic_message *m, const void *data, size_t size);
  /* terminate is not called after a trap or a kill: no code of a process runs after its end. */
  void (*terminate)(void *state, lunatic_cause why);
} lunatic_server;

#define LUNATIC_REPLY(from, variable) lunatic_reply((from), &(variable), sizeof(variable))

/* lunatic_server_start spawns a server and waits until init has returned. It returns LUNATIC_OK; or
 * LUNATIC_ERROR with what init said, or why it could not be spawned; LUNATIC_DOWN if the process
 * ended before init had returned; LUNATIC_TIMEOUT, and has killed it then. arg is copied, up to
 * LUNATIC_MAX_ARG - 32 bytes. options may be NULL: not linked. */
int lunatic_server_start(const lunatic_server *server, const lunatic_spawn_options *options, const void *arg, size_t size,
                         uint64_t timeout, lunatic_pid *pid);

/* lunatic_serve makes this process a server, until it stops. It returns what init says if it
 * refuses. The process ends if the server does. */
const char *lunatic_serve(const lunatic_server *server, const void *arg, size_t size);

/* lunatic_call asks a server and waits for the answer: LUNATIC_OK; LUNATIC_TIMEOUT; or LUNATIC_DOWN if
 * the server ends before it answers, or had ended: lunatic_error then is a lunatic_reason_text, and
 * lunatic_last_end the reason. m may be NULL; its size is that of the answer. */
int lunatic_call(lunatic_pid server, const void *request, size_t size, void *reply, size_t reply_size, lunatic_message *m,
                 uint64_t timeout);
lunatic_reason lunatic_last_end(void);

/* lunatic_cast sends a request and does not wait. */
void lunatic_cast(lunatic_pid server, const void *request, size_t size);

/* lunatic_shutdown asks a server, or any process that knows the message, to end in good order. */
void lunatic_shutdown(lunatic_pid pid);

/* lunatic_stop asks for the same, and waits until the process has ended; after the time-out it
 * is killed, and LUNATIC_TIMEOUT returned. */
int lunatic_stop(lunatic_pid pid, uint64_t timeout);

/* What the messages of servers look like. LUNATIC_TAG_SHUTDOWN has no data. A call is a lunatic_from
 * and the request, a cast is the request. */
enum { LUNATIC_TAG_SHUTDOWN = -1, LUNATIC_TAG_CALL = -2, LUNATIC_TAG_CAST = -3 };

/* ---- Supervisors ---- */

typedef enum lunatic_restart {
  LUNATIC_PERMANENT, /* always started again */
  LUNATIC_TRANSIENT, /* if it did not end normally */
  LUNATIC_TEMPORARY, /* never, and forgotten when it has ended */
} lunatic_restart;

typedef enum lunatic_strategy { LUNATIC_ONE_FOR_ONE, LUNATIC_ONE_FOR_ALL, LUNATIC_REST_FOR_ONE } lunatic_strategy;

struct lunatic_child;
struct lunatic_supervisor;

/* lunatic_start starts a child, linked as options say, which it hands on to lunatic_spawn_with or
 * lunatic_server_start. It runs within the supervisor. It returns LUNATIC_OK and the process, or an
 * error, whose text is lunatic_error. */
typedef int (*lunatic_start)(const struct lunatic_child *child, const lunatic_spawn_options *options, lunatic_pid *pid);

enum {
  LUNATIC_ID_SIZE = 32,    /* of ids and names, with the 0 behind them */
  LUNATIC_CHILD_ARG = 64,  /* of a child's argument */
  LUNATIC_BRUTAL_KILL = -1, /* shutdown: at once */
  LUNATIC_INFINITY = -2,    /* shutdown: no time-out */
  LUNATIC_NO_RESTARTS = -1, /* intensity: none */
};

/* A child. One of server, supervisor, function and start says what it is; they point to what is the
 * same in all processes of the program: constants and functions. */
typedef struct lunatic_child {
  char id[LUNATIC_ID_SIZE];
  char name[LUNATIC_ID_SIZE]; /* which it is registered under; "" is none */
  lunatic_restart restart;
  int64_t shutdown; /* how it is ended: milliseconds, or one of the above; 0: 5,000 */
  const lunatic_server *server;
  const struct lunatic_supervisor *supervisor;
  lunatic_function function; /* a plain process: give it LUNATIC_BRUTAL_KILL unless it knows LUNATIC_TAG_SHUTDOWN */
  lunatic_start start;
  size_t arg_size; /* see lunatic_child_arg */
  uint8_t arg[LUNATIC_CHILD_ARG];
  /* The supervisor's. */
  lunatic_pid pid;
  lunatic_tag tag;
  lunatic_reason link_reason;
} lunatic_child;

/* lunatic_child_arg sets the argument that a child starts with, LUNATIC_CHILD_ARG bytes at most. */
int lunatic_child_arg(lunatic_child *child, const void *arg, size_t size);

enum { LUNATIC_EVENTS = 100, LUNATIC_EVENT_TEXT = 64, LUNATIC_MAX_INTENSITY = 100 };

/* What a supervisor tells whoever watches it: "start ID", "end ID REASON", ... (docs/supervision.md). */
typedef struct lunatic_event {
  char supervisor[LUNATIC_ID_SIZE]; /* its id, if it is a child itself, or what its description says */
  char text[LUNATIC_EVENT_TEXT];
} lunatic_event;

/* Memory of a supervisor, one for each process. */
typedef struct lunatic_supervision {
  size_t count; /* of children */
  size_t restarted;
  uint64_t restarts[LUNATIC_MAX_INTENSITY]; /* their times */
  size_t happened;
  lunatic_event events[LUNATIC_EVENTS];
} lunatic_supervision;

/* A supervisor: a constant, but for the memory that it points to. */
typedef struct lunatic_supervisor {
  char id[LUNATIC_ID_SIZE];
  lunatic_strategy strategy;
  int intensity;   /* restarts within the period, at most LUNATIC_MAX_INTENSITY; 0: 1; or LUNATIC_NO_RESTARTS */
  uint64_t period; /* milliseconds; 0: 5,000 */
  const lunatic_child *children;
  size_t count;
  /* init, if there is one, adds children that are not constant, from the argument of
   * lunatic_supervisor_start: it writes them to at most room slots and returns how many. */
  size_t (*init)(lunatic_child *slots, size_t room, const void *arg, size_t size);
  lunatic_child *slots; /* room for the children, at most capacity at a time */
  size_t capacity;
  lunatic_supervision *memory;
} lunatic_supervisor;

/* LUNATIC_SUPERVISOR defines a supervisor with its memory:
 *
 *     static const lunatic_child children[] = {{.id = "adder", .server = &adder}};
 *     LUNATIC_SUPERVISOR(top, 10, .children = children, .count = 1, .strategy = LUNATIC_ONE_FOR_ALL); */
#define LUNATIC_SUPERVISOR(name, most, ...)                                                     \
  static lunatic_child name##_slots[most];                                                      \
  static lunatic_supervision name##_memory;                                                     \
  static const lunatic_supervisor name = {                                                      \
      __VA_ARGS__, .slots = name##_slots, .capacity = (most), .memory = &name##_memory}

/* Whom a supervisor tells its events, as messages lunatic_event with the tag; pid 0: nobody.
 * Supervisors below tell the same process. */
typedef struct lunatic_watcher {
  lunatic_pid pid;
  lunatic_tag tag;
} lunatic_watcher;

/* lunatic_supervisor_start starts a supervisor and its children, and waits until all are started.
 * watcher, options and arg may be NULL. The result is that of lunatic_server_start. */
int lunatic_supervisor_start(const lunatic_supervisor *supervisor, const lunatic_watcher *watcher, const lunatic_spawn_options *options,
                             const void *arg, size_t size, uint64_t timeout, lunatic_pid *pid);

/* What a supervisor answers beside LUNATIC_OK and an error. */
enum {
  LUNATIC_ALREADY_STARTED = -10, /* with the process */
  LUNATIC_ALREADY_PRESENT = -11, /* there, and not running */
  LUNATIC_RUNNING = -12,
  LUNATIC_NOT_FOUND = -13,
};

/* Requests to supervisors; they wait for the answer. LUNATIC_ERROR is the error of a start,
 * LUNATIC_DOWN means that the supervisor has ended. pid may be NULL. */
int lunatic_child_start(lunatic_pid supervisor, const lunatic_child *child, lunatic_pid *pid);
int lunatic_child_terminate(lunatic_pid supervisor, const char *id);
int lunatic_child_restart(lunatic_pid supervisor, const char *id, lunatic_pid *pid);
int lunatic_child_delete(lunatic_pid supervisor, const char *id);

typedef struct lunatic_child_info {
  char id[LUNATIC_ID_SIZE];
  lunatic_pid pid; /* 0: not running */
} lunatic_child_info;

/* lunatic_children writes what children there are, at most n, in order; it returns how many there
 * are. lunatic_events does the same with the last events, the oldest first. */
int lunatic_children(lunatic_pid supervisor, lunatic_child_info *out, size_t n);
int lunatic_events(lunatic_pid supervisor, lunatic_event *out, size_t n);

/* ---- Tasks ---- */

/* A task is a process that computes one value, and awaited by who started it, once. */
typedef struct lunatic_task {
  lunatic_pid pid;
  lunatic_tag tag;
} lunatic_task;

/* lunatic_async starts a task: fn computes, and says its value by lunatic_task_return. options may
 * be NULL: it is not linked. arg has LUNATIC_MAX_ARG - 32 bytes at most. */
int lunatic_async(lunatic_task *task, const lunatic_spawn_options *options, lunatic_function fn, const void *arg, size_t size);
void lunatic_task_return(const void *value, size_t size);

/* lunatic_await waits for the value: LUNATIC_OK; LUNATIC_DOWN if the task ended without one; or
 * LUNATIC_TIMEOUT, after which it can be awaited again. */
int lunatic_await(lunatic_task *task, void *value, size_t size, lunatic_message *m, uint64_t timeout);

/* lunatic_cancel kills a task and waits until it has ended. */
void lunatic_cancel(lunatic_task *task);

#ifdef __cplusplus
}
#endif
#endif
