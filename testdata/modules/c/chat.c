// A chat server for telnet: chat.wasm [PORT [WORD]]. The first line of standard output is
// the port. Whoever knows WORD may /crash and /shutdown.
//
//   main -- acceptor       takes connections and gives each its process
//     \---- lobby          names, rooms, who is where; restarts rooms that crash
//              \--- room   one for each room in use: sends what is said to its members
//   connection -- writer   two for each client: one reads the socket, one writes to it
//
// Links (--) make the two of a client die together, and tell main and lobby of crashes. The
// lobby monitors the clients. Nobody waits for a client's socket but its writer: a room counts
// the bytes that a writer has not confirmed, and ends the client that has too many.
#include "lunatic.h"
#include <stdarg.h>

enum {
  LINE = 512,             // bytes of a line that a client may send
  TEXT = 4 * LINE,        // of one that is sent: a stray byte grows to the three of U+FFFD
  NAME = 20,              // of a nickname or a room's name
  BEHIND = 256 * 1024,    // bytes that a room may have under way to one client
  CONFIRM = BEHIND / 32,  // bytes after which a writer confirms
  OWN = 64,               // answers that a connection may have under way to its writer
  PATIENCE = 10000,       // milliseconds that a write may take
};

// Tags.
enum {
  STREAM = 1, HELLO, NICK, JOIN, LIST, WHO, CLOSE, CLOSED,  // to the lobby, and to main
  WELCOME, ANSWER, END, MOVED, SAID, CONFIRMED,             // to connections
  ENTER, LEAVE, RENAME, SAY, CONFIRM_LINES,                 // to rooms
  ROOM_LINE, OWN_LINE, STOP, BYE,                           // to writers
  MAY, MAY_NOT, CRASH, CRASH_ROOM, SHUTDOWN,                // to main about WORD, and back
  LOBBY_DIED, ACCEPTOR_DIED, WRITER_DIED, FIRST_ROOM = 100, // of links
};

// What most messages are: numbers whose meaning depends on the tag, and a text.
typedef struct {
  uint64_t user; // the process id of a client's connection stands for the client
  uint64_t value;
  uint32_t slot, n;
  char text[TEXT];
} Message;

static Message in; // the message that was received

static void post(uint64_t to, int64_t tag, uint64_t user, uint64_t value, uint32_t slot, const char *text, size_t n) {
  struct { uint64_t user, value; uint32_t slot, n; } head = {user, value, slot, n};
  create_data(tag, sizeof head + n);
  write_data(&head, sizeof head);
  write_data(text, n);
  send_message(to);
}

static void post_text(uint64_t to, int64_t tag, const char *text) { post(to, tag, 0, 0, 0, text, strlen(text)); }

// get waits for a message with one of the tags, all if there are none, and returns its kind.
static uint32_t get(const int64_t *tags, size_t n, uint64_t timeout) {
  uint32_t kind = receive(tags, n, timeout);
  if (kind != DATA) return kind;
  memset(&in, 0, offsetof(Message, text));
  read_data(&in, sizeof in - 1);
  in.text[in.n < TEXT - 1 ? in.n : TEXT - 1] = 0;
  return DATA;
}
#define GET(...) get((int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8, FOREVER)

static bool same_name(const char *a, const char *b) {
  for (; *a && *b; a++, b++) {
    int x = *a, y = *b;
    if (x >= 'A' && x <= 'Z') x += 32;
    if (y >= 'A' && y <= 'Z') y += 32;
    if (x != y) return false;
  }
  return *a == *b;
}

static bool valid_name(const char *s) {
  size_t n = strlen(s);
  if (n < 1 || n > NAME) return false;
  for (; *s; s++)
    if (!(*s >= 'a' && *s <= 'z' || *s >= 'A' && *s <= 'Z' || *s >= '0' && *s <= '9' || *s == '_' || *s == '-')) return false;
  return true;
}

// ---- A room ----

typedef struct {
  uint64_t user, writer; // 0: the slot is free
  uint64_t behind;       // bytes under way
  char nick[NAME + 1];
} Member;

static Member *members;
static uint32_t slots;

static Member *member(uint64_t user) {
  for (uint32_t i = 0; i < slots; i++)
    if (members[i].user == user) return members + i;
  return NULL;
}

static Member *free_member(void) {
  Member *m = member(0);
  if (m) return m;
  uint32_t more = slots ? slots : 8;
  members = realloc(members, (slots + more) * sizeof *members);
  if (!members) __builtin_trap();
  memset(members + slots, 0, more * sizeof *members);
  m = members + slots;
  slots += more;
  return m;
}

static void broadcast(const char *format, ...) {
  static char line[TEXT + 2 * NAME + 64];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, TEXT, format, args);
  va_end(args);
  if (n >= TEXT) n = TEXT - 1;
  for (uint32_t i = 0; i < slots; i++) {
    Member *m = members + i;
    if (!m->user || m->behind > BEHIND) continue;
    m->behind += n;
    if (m->behind > BEHIND)
      kill_process(m->user); // does not read; the lobby will hear of it
    else
      post(m->writer, ROOM_LINE, m->user, process_id(), i, line, n);
  }
}

EXPORT("room") void room(uint64_t lobby) {
  Member *m;
  for (;;) {
    if (get(NULL, 0, FOREVER) != DATA) continue;
    switch (get_tag()) {
    case ENTER:
      m = free_member();
      *m = (Member){.user = in.user, .writer = in.value};
      strncpy(m->nick, in.text, NAME);
      broadcast("* %s is here\r\n", m->nick);
      break;
    case LEAVE:
      if (!(m = member(in.user))) break;
      m->user = 0;
      broadcast("* %s has left\r\n", m->nick);
      break;
    case RENAME:
      if (!(m = member(in.user))) break;
      broadcast("* %s is now %s\r\n", m->nick, in.text);
      memset(m->nick, 0, sizeof m->nick);
      strncpy(m->nick, in.text, NAME);
      break;
    case SAY:
      if ((m = member(in.user))) broadcast("<%s> %s\r\n", m->nick, in.text);
      post(in.user, SAID, 0, 0, 0, "", 0);
      break;
    case CONFIRM_LINES:
      if (in.slot < slots && (m = members + in.slot)->user == in.user) m->behind -= in.value < m->behind ? in.value : m->behind;
      break;
    case CRASH: __builtin_trap();
    case CLOSE: return;
    }
  }
}

// ---- The lobby ----

typedef struct {
  uint64_t pid;
  int64_t link; // 0: the place is free
  uint32_t users;
  char name[NAME + 1];
} Room;

typedef struct {
  uint64_t pid, writer;
  int room; // -1: none
  char nick[NAME + 1];
} User;

static Room *rooms;
static User *users;
static int nrooms, nusers, user_space;
static uint64_t alive; // processes that are monitored and have not ended
static uint64_t served;

static User *user(uint64_t pid) {
  for (int i = 0; i < nusers; i++)
    if (users[i].pid == pid) return users + i;
  return NULL;
}

static User *named(const char *nick) {
  for (int i = 0; i < nusers; i++)
    if (same_name(users[i].nick, nick)) return users + i;
  return NULL;
}

static int find_room(const char *name) {
  for (int i = 0; i < nrooms; i++)
    if (rooms[i].link && same_name(rooms[i].name, name)) return i;
  return -1;
}

// start_room gives the room a process, the first or another.
static void start_room(Room *r) {
  static int64_t links = FIRST_ROOM;
  r->link = ++links;
  r->pid = START(r->link, "room", process_id());
}

static int open_room(const char *name) {
  int i = 0;
  while (i < nrooms && rooms[i].link) i++;
  if (i == nrooms && !(rooms = realloc(rooms, ++nrooms * sizeof *rooms))) __builtin_trap();
  rooms[i] = (Room){0};
  strncpy(rooms[i].name, name, NAME);
  start_room(rooms + i);
  return i;
}

static void leave(User *u) {
  if (u->room < 0) return;
  Room *r = rooms + u->room;
  u->room = -1;
  post(r->pid, LEAVE, u->pid, 0, 0, "", 0);
  if (--r->users) return;
  post(r->pid, CLOSE, 0, 0, 0, "", 0);
  r->link = 0;
}

static void enter(User *u) { post(rooms[u->room].pid, ENTER, u->pid, u->writer, 0, u->nick, strlen(u->nick)); }

static void watch(uint64_t pid) {
  alive++;
  monitor(pid);
}

static void hello(uint64_t pid, uint64_t writer) {
  if (nusers == user_space && !(users = realloc(users, (user_space = 2 * user_space + 16) * sizeof *users))) __builtin_trap();
  char nick[NAME + 1];
  for (uint64_t n = ++served;; n++) {
    snprintf(nick, sizeof nick, "guest%llu", (unsigned long long)n);
    if (!named(nick)) break;
  }
  User *u = users + nusers++;
  *u = (User){.pid = pid, .writer = writer, .room = -1};
  memcpy(u->nick, nick, sizeof nick);
  watch(pid);
  watch(writer);
  post_text(pid, WELCOME, nick);
}

static void rename_user(User *u, const char *nick) {
  User *other = named(nick);
  if (other && other != u) {
    post(u->pid, ANSWER, 0, 0, 0, "* that name is taken", 20);
  } else {
    memset(u->nick, 0, sizeof u->nick);
    strncpy(u->nick, nick, NAME);
    if (u->room >= 0) post(rooms[u->room].pid, RENAME, u->pid, 0, 0, nick, strlen(nick));
    post_text(u->pid, ANSWER, "* done");
  }
  post(u->pid, END, 0, u->room < 0 ? 0 : rooms[u->room].pid, 0, "", 0);
}

static void join(User *u, const char *name) {
  int r = find_room(name);
  if (r < 0 || r != u->room) {
    leave(u);
    if (r < 0) r = open_room(name);
    rooms[r].users++;
    u->room = r;
    enter(u);
  }
  post(u->pid, END, 0, rooms[r].pid, 0, "", 0);
}

static void list(User *u) {
  char line[100];
  for (int i = 0; i < nrooms; i++) {
    if (!rooms[i].link) continue;
    snprintf(line, sizeof line, "* %s (%u)", rooms[i].name, rooms[i].users);
    post_text(u->pid, ANSWER, line);
  }
  post_text(u->pid, ANSWER, "* end of list");
  post(u->pid, END, 0, u->room < 0 ? 0 : rooms[u->room].pid, 0, "", 0);
}

// who tells the names of those in a room, some on each line, and their number.
static void who(User *u, const char *name) {
  int r = *name ? find_room(name) : u->room, n = 0;
  char line[16 * (NAME + 2)] = "*";
  for (int i = 0; i < nusers; i++) {
    if (r < 0 || users[i].room != r) continue;
    strcat(strcat(line, " "), users[i].nick);
    if (++n % 15) continue;
    post_text(u->pid, ANSWER, line);
    strcpy(line, "*");
  }
  if (line[1]) post_text(u->pid, ANSWER, line);
  snprintf(line, sizeof line, "* %d here", n);
  post_text(u->pid, ANSWER, line);
  post(u->pid, END, 0, u->room < 0 ? 0 : rooms[u->room].pid, 0, "", 0);
}

// gone removes what has ended. Only those that are monitored come here.
static void gone(uint64_t pid) {
  alive--;
  User *u = user(pid);
  if (!u) return; // a writer, whose connection tells enough
  leave(u);
  *u = users[--nusers];
}

// room_crashed puts the members into a new room of the same name.
static void room_crashed(int64_t link) {
  for (int i = 0; i < nrooms; i++) {
    if (rooms[i].link != link) continue;
    start_room(rooms + i);
    for (User *u = users; u < users + nusers; u++) {
      if (u->room != i) continue;
      enter(u);
      post(u->pid, MOVED, 0, rooms[i].pid, 0, "", 0);
    }
  }
}

EXPORT("lobby") void lobby(uint64_t parent) {
  bool closing = false;
  die_when_link_dies(0);
  while (!closing || alive > 0) {
    switch (get(NULL, 0, FOREVER)) {
    case PROCESS_DIED: gone(get_process_id()); continue;
    case LINK_DIED:
      if (get_tag() == 0) return; // main
      room_crashed(get_tag());
      continue;
    }
    int64_t tag = get_tag();
    User *u = user(in.user);
    if (tag == CLOSE) {
      closing = true;
      for (int i = 0; i < nusers; i++) post_text(users[i].writer, BYE, "* the server closes\r\n");
    } else if (tag == HELLO) {
      hello(in.user, in.value);
      if (closing) post_text(in.value, BYE, "* the server closes\r\n");
    } else if (u) { // has not died meanwhile
      switch (tag) {
      case NICK: rename_user(u, in.text); break;
      case JOIN: join(u, in.text); break;
      case LIST: list(u); break;
      case WHO: who(u, in.text); break;
      case CRASH_ROOM:
        if (u->room >= 0) post(rooms[u->room].pid, CRASH, 0, 0, 0, "", 0);
        break;
      }
    }
  }
  post(parent, CLOSED, 0, served, 0, "", 0);
}

// ---- A client's writer ----

static char out[16 * 1024];
static size_t used;
static uint64_t out_stream;

static bool flush_out(void) {
  bool ok = write_all(out_stream, out, used);
  used = 0;
  return ok;
}

static bool put(const Message *m) {
  if (used + m->n > sizeof out && !flush_out()) return false;
  memcpy(out + used, m->text, m->n);
  used += m->n;
  return true;
}

// write_on writes what it is told to until it cannot or must not, and tells which.
static bool write_on(uint64_t connection) {
  uint64_t room = 0, lines = 0, own = 0;
  uint32_t slot = 0;
  for (;;) {
    if (get(NULL, 0, used ? 0 : FOREVER) != DATA) { // there is no more: the time to write
      if (!flush_out()) return false;
      if (own >= OWN / 4) {
        post(connection, CONFIRMED, 0, own, 0, "", 0);
        own = 0;
      }
      if (lines >= CONFIRM) {
        post(room, CONFIRM_LINES, connection, lines, slot, "", 0);
        lines = 0;
      }
      continue;
    }
    if (in.n >= TEXT) in.n = TEXT - 1;
    int64_t tag = get_tag();
    switch (tag) {
    case ROOM_LINE:
      if (in.value != room || in.slot != slot) room = in.value, slot = in.slot, lines = 0;
      lines += in.n;
      break;
    case OWN_LINE: own++; break;
    }
    if (!put(&in)) return false;
    if (tag == STOP) return flush_out();
    if (tag == BYE) return flush_out(), false;
    // Confirm also when there is always more.
    if (lines >= 4 * CONFIRM || own >= OWN / 2) {
      if (!flush_out()) return false;
      if (own) post(connection, CONFIRMED, 0, own, 0, "", 0);
      if (lines) post(room, CONFIRM_LINES, connection, lines, slot, "", 0);
      own = lines = 0;
    }
  }
}

EXPORT("writer") void writer(uint64_t connection) {
  receive((int64_t[]){STREAM}, 1, FOREVER);
  out_stream = take_tcp_stream(0);
  if (!write_on(connection)) kill_process(connection);
}

// ---- A client's connection ----

static uint64_t self, my_writer, my_lobby, my_main, my_room;
static uint64_t under_way; // answers that the writer has not confirmed

// tell sends the client a line. It waits while too many are under way, so that a client
// that asks and does not read is not read from.
static void tell(const char *text) {
  while (under_way >= OWN) {
    GET(CONFIRMED);
    under_way -= in.value < under_way ? in.value : under_way;
  }
  char line[TEXT];
  int n = snprintf(line, sizeof line, "%s\r\n", text);
  under_way++;
  post(my_writer, OWN_LINE, 0, 0, 0, line, n < sizeof line ? n : sizeof line - 1);
}

// ask sends the lobby a request and passes its answer on to the client.
static void ask(int64_t tag, const char *text) {
  post(my_lobby, tag, self, 0, 0, text, strlen(text));
  for (;;) { // a MOVED that came before the answer must not count after it
    GET(ANSWER, END, MOVED);
    if (get_tag() != ANSWER) my_room = in.value;
    if (get_tag() == END) break;
    if (get_tag() == MOVED) continue;
    char answer[TEXT];
    memcpy(answer, in.text, TEXT);
    tell(answer);
  }
}

// say waits until the room has sent the line to all, so that a client cannot flood it.
static void say(const char *text) {
  while (get((int64_t[]){MOVED}, 1, 0) == DATA) my_room = in.value;
  if (!my_room) return tell("* /join a room first, or ask for /help");
  post(my_room, SAY, self, 0, 0, text, strlen(text));
  GET(SAID, MOVED);
  if (get_tag() == SAID) return;
  my_room = in.value;
  tell("* the room was restarted, your line may be lost");
}

// may asks main about the word, and says what for. Only if all is right this returns true.
static bool may(int64_t what, const char *word) {
  post(my_main, what, self, 0, 0, word, strlen(word));
  GET(MAY, MAY_NOT);
  if (get_tag() == MAY) return true;
  tell("* you may not");
  return false;
}

// finish lets the writer write everything, and then both end.
static void finish(void) {
  post(my_writer, STOP, 0, 0, 0, "", 0);
  exit(0);
}

static const char help[] =
    "* /nick NAME  /join ROOM  /list  /who [ROOM]  /quit  /help\r\n"
    "* anything else is said to all in the room; names are up to 20 letters, digits, _ and -";

static void command(char *line) {
  char *arg = strchr(line, ' ');
  if (arg) {
    *arg++ = 0;
    while (*arg == ' ') arg++;
    for (char *end = arg + strlen(arg); end > arg && end[-1] == ' ';) *--end = 0;
  } else {
    arg = line + strlen(line);
  }
  bool nick = !strcmp(line, "/nick"), join = !strcmp(line, "/join"), who = !strcmp(line, "/who");
  if ((nick || join || who && *arg) && !valid_name(arg))
    tell("* names are up to 20 letters, digits, _ and -");
  else if (nick)
    ask(NICK, arg);
  else if (join)
    ask(JOIN, arg);
  else if (who)
    ask(WHO, arg);
  else if (!strcmp(line, "/list"))
    ask(LIST, "");
  else if (!strcmp(line, "/help"))
    tell(help);
  else if (!strcmp(line, "/quit")) {
    tell("* goodbye");
    finish();
  } else if (!strcmp(line, "/crash")) {
    if (may(CRASH, arg)) __builtin_trap();
  } else if (!strcmp(line, "/crashroom")) {
    if (may(CRASH, arg)) post(my_lobby, CRASH_ROOM, self, 0, 0, "", 0);
  } else if (!strcmp(line, "/shutdown"))
    may(SHUTDOWN, arg);
  else
    tell("* there is no such command, ask for /help");
}

// clean copies text without control characters, and with U+FFFD for what is not UTF-8.
static size_t clean(const uint8_t *p, size_t n, char *to) {
  char *start = to;
  for (size_t i = 0; i < n;) {
    uint32_t c = p[i], least = 0;
    size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 4;
    if (more && more < 4) c &= 0x3F >> more, least = (uint32_t[]){0, 0x80, 0x800, 0x10000}[more];
    size_t k = 1;
    if (more < 4)
      for (; k <= more && i + k < n && (p[i + k] & 0xC0) == 0x80; k++) c = c << 6 | p[i + k] & 0x3F;
    if (k != more + 1 || c < least || c > 0x10FFFF || c >= 0xD800 && c < 0xE000) {
      memcpy(to, "\xEF\xBF\xBD", 3);
      to += 3;
      i++;
      continue;
    }
    if (c == '\t') *to++ = ' ';
    else if (c >= 0x20 && c != 0x7F && !(c >= 0x80 && c < 0xA0)) memcpy(to, p + i, k), to += k;
    i += k;
  }
  *to = 0;
  return to - start;
}

static uint8_t line[LINE];
static size_t length;
static bool too_long;

static void end_of_line(void) {
  static char text[3 * LINE + 1];
  size_t n = clean(line, length, text);
  if (too_long) tell("* that line was too long");
  else if (text[0] == '/') command(text);
  else if (n) say(text);
  length = 0;
  too_long = false;
}

static void byte_of_line(uint8_t c) {
  if (c == 8 || c == 127) { // whoever types without a line editor
    while (length && (line[--length] & 0xC0) == 0x80) {}
  } else if (length == LINE) {
    too_long = true;
  } else {
    line[length++] = c;
  }
}

// byte takes a byte from the socket. Negotiation of telnet (RFC 854) is skipped: without an
// answer nothing is agreed on.
static void byte(uint8_t c) {
  enum { IAC = 255, DONT = 254, WILL = 251, SB = 250, SE = 240 };
  static enum { TEXT_BYTE, RETURN, COMMAND, OPTION, SUB, SUB_COMMAND } state;
  switch (state) {
  case COMMAND:
    state = c == SB ? SUB : c >= WILL && c <= DONT ? OPTION : TEXT_BYTE;
    if (c == IAC) byte_of_line(c);
    return;
  case OPTION: state = TEXT_BYTE; return;
  case SUB:
    if (c == IAC) state = SUB_COMMAND;
    return;
  case SUB_COMMAND: state = c == SE ? TEXT_BYTE : SUB; return;
  case RETURN: // the end of a line is CR LF, CR NUL or LF
    state = TEXT_BYTE;
    if (c == '\n' || c == 0) return end_of_line();
    break;
  case TEXT_BYTE: break;
  }
  if (c == IAC) state = COMMAND;
  else if (c == '\r') state = RETURN;
  else if (c == '\n') end_of_line();
  else byte_of_line(c);
}

EXPORT("connection") void connection(uint64_t lobby_, uint64_t main_) {
  my_lobby = lobby_, my_main = main_, self = process_id();
  receive((int64_t[]){STREAM}, 1, FOREVER);
  uint64_t stream = take_tcp_stream(0);
  set_write_timeout(stream, PATIENCE);
  my_writer = START(WRITER_DIED, "writer", self);
  send_stream(my_writer, STREAM, clone_tcp_stream(stream));
  monitor(my_lobby);
  post(my_lobby, HELLO, self, my_writer, 0, "", 0);
  if (get(NULL, 0, FOREVER) != DATA) finish(); // the server closes
  char welcome[100];
  snprintf(welcome, sizeof welcome, "* welcome, %s: /join a room, or ask for /help", in.text);
  tell(welcome);
  for (;;) {
    static uint8_t buffer[4096];
    uint64_t n = 0;
    if (tcp_read(stream, buffer, sizeof buffer, &n)) n = 0; // reset: the writer will notice, too
    if (n == 0) break;                                        // it sends no more, but may still read
    for (uint64_t i = 0; i < n; i++) byte(buffer[i]);
  }
  if (length || too_long) end_of_line();
  finish();
}

// ---- The server ----

EXPORT("acceptor") void acceptor(uint64_t port, uint64_t lobby_, uint64_t main_) {
  uint64_t listener = listen_on(port);
  for (;;) {
    uint64_t stream = accept_stream(listener);
    send_stream(START(0, "connection", lobby_, main_), STREAM, stream);
  }
}

int main(int argc, char **argv) {
  const char *word = argc > 2 ? argv[2] : "";
  self = process_id();
  die_when_link_dies(0);
  uint64_t lobby_ = START(LOBBY_DIED, "lobby", self);
  uint64_t acceptor_ = START(ACCEPTOR_DIED, "acceptor", argc > 1 ? atoi(argv[1]) : 0, lobby_, self);
  for (;;) {
    if (get(NULL, 0, FOREVER) == LINK_DIED) return 1;
    int64_t tag = get_tag();
    if (tag != CRASH && tag != SHUTDOWN) continue;
    bool right = *word && !strcmp(word, in.text);
    post(in.user, right ? MAY : MAY_NOT, 0, 0, 0, "", 0);
    if (right && tag == SHUTDOWN) break;
  }
  kill_process(acceptor_);
  receive((int64_t[]){ACCEPTOR_DIED, LOBBY_DIED}, 2, FOREVER);
  post(lobby_, CLOSE, 0, 0, 0, "", 0);
  GET(CLOSED, LOBBY_DIED);
  printf("closed after %llu connections\n", (unsigned long long)in.value);
  return 0;
}
