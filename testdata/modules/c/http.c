// An HTTP/1.1 server (RFC 9110, RFC 9112): http.wasm [PORT [MILLISECONDS]]. The first line of
// standard output is the port. MILLISECONDS is how long a client may take for a request, and
// between two.
//
// The first process accepts; each connection has a process of its own, with its own memory:
// everything below that is static belongs to one connection. A request that has arrived
// whole costs a read, a write and a look at the clock, and requests that arrive
// together share them.
#include "lunatic.h"
#include <time.h>

enum {
  LINE = 8 * 1024,         // bytes of the request line: 414
  HEAD = 32 * 1024,        // bytes of it and the header fields: 431
  FIELDS = 100,            // header fields: 431
  BODY = 1 << 20,          // bytes of a body: 413
  IN = HEAD + 4096,        // bytes read ahead
  OUT = 32 * 1024,         // bytes of answers that are collected
  PATIENCE = 10000,        // milliseconds, unless the command line has another number
  STREAM = 1,              // the tag of the message that brings the socket
};

// ---- The socket, with a buffer each way ----

static uint64_t stream;
static uint64_t patience; // ms
static uint64_t timeout;  // the read timeout that is set
static uint64_t deadline; // until when the request must be there, in ms; 0: none has begun
static char in[IN];       // what has been read: from at to end is still to be used
static size_t at, end;
static char out[OUT];
static size_t used;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static void flush_out(void) {
  size_t n = used;
  used = 0;
  if (n && !write_all(stream, out, n)) exit(0); // gone, or does not read
}

static void put(const char *p, size_t n) {
  if (n > sizeof out - used) flush_out();
  if (n > sizeof out) {
    if (!write_all(stream, p, n)) exit(0);
    return;
  }
  memcpy(out + used, p, n);
  used += n;
}
static void put_text(const char *s) { put(s, strlen(s)); }

static void put_number(uint64_t n) {
  char digits[20];
  int i = sizeof digits;
  do digits[--i] = '0' + n % 10;
  while (n /= 10);
  put(digits + i, sizeof digits - i);
}

static void set_timeout(uint64_t ms) {
  if (ms != timeout) set_read_timeout(stream, timeout = ms);
}

// What reading came to, beside statuses of HTTP.
enum { OK = 0, GONE = 1 };

// more reads behind what is there, after having written all answers. A request that has
// begun has until its deadline, however its bytes are spread; the time for a first byte
// starts anew.
static int more(void) {
  flush_out();
  if (at == end) at = end = 0;
  if (end == sizeof in) {
    memmove(in, in + at, end -= at);
    at = 0;
  }
  if (deadline) {
    uint64_t t = now();
    if (t >= deadline) return 408;
    set_timeout(deadline - t);
  } else {
    set_timeout(patience);
  }
  uint64_t n = 0;
  uint32_t status = tcp_read(stream, in + end, sizeof in - end, &n);
  if (status == TIMEOUT) return deadline ? 408 : GONE;
  if (status == 1 || n == 0) return GONE;
  end += n;
  return OK;
}

// more_of_it reads when a part of the request has come, and so starts the request's clock.
static int more_of_it(void) {
  if (!deadline) deadline = now() + patience;
  return more();
}

// ---- Requests ----

typedef enum { GET, HEAD_METHOD, POST, OTHER } Method;

typedef struct { const char *p; size_t n; } Text;

static struct {
  Method method;
  bool close; // after the answer
  bool old;   // HTTP/1.0
  bool host, chunked, expects, sized, keep;
  uint64_t length;
  char path[256];
  char type[128]; // of the body
} request;

static char *body;
static size_t body_size, body_space;

static bool is(Text t, const char *s) { return t.n == strlen(s) && !memcmp(t.p, s, t.n); }

static bool is_caseless(Text t, const char *lower) {
  if (t.n != strlen(lower)) return false;
  for (size_t i = 0; i < t.n; i++) {
    char c = t.p[i];
    if (c >= 'A' && c <= 'Z') c += 32;
    if (c != lower[i]) return false;
  }
  return true;
}

// token_char tells the characters of methods and field names.
static bool token_char(uint8_t c) {
  return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c && strchr("!#$%&'*+-.^_`|~", c);
}

static bool token(Text t) {
  for (size_t i = 0; i < t.n; i++)
    if (!token_char(t.p[i])) return false;
  return t.n > 0;
}

static Text trim(Text t) {
  while (t.n && (*t.p == ' ' || *t.p == '\t')) t.p++, t.n--;
  while (t.n && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t')) t.n--;
  return t;
}

// next_of takes the next element of a list with commas off its front.
static Text next_of(Text *list) {
  const char *comma = memchr(list->p, ',', list->n);
  Text t = {list->p, comma ? comma - list->p : list->n};
  list->p += t.n + !!comma;
  list->n -= t.n + !!comma;
  return trim(t);
}

// find_line looks for the line that starts at from. OK: it is there, and next is behind it.
// GONE: it is not there whole.
static int find_line(size_t from, Text *t, size_t *next) {
  char *lf = memchr(in + from, '\n', end - from);
  if (!lf) return GONE;
  // A lone LF is refused, too: what ends a line must be the same for everyone on the way.
  if (lf == in + from || lf[-1] != '\r') return 400;
  *t = (Text){in + from, lf - 1 - (in + from)};
  *next = lf + 1 - in;
  return OK;
}

static int request_line(Text line) {
  const char *sp = memchr(line.p, ' ', line.n);
  if (!sp) return 400;
  Text method = {line.p, sp - line.p}, rest = {sp + 1, line.n - method.n - 1};
  const char *sp2 = memchr(rest.p, ' ', rest.n);
  if (!sp2 || !token(method)) return 400;
  Text target = {rest.p, sp2 - rest.p}, version = {sp2 + 1, rest.n - target.n - 1};
  if (target.n == 0) return 400;
  for (size_t i = 0; i < target.n; i++)
    if ((uint8_t)target.p[i] <= ' ' || target.p[i] == 0x7F) return 400;
  if (version.n != 8 || memcmp(version.p, "HTTP/", 5) || version.p[5] < '0' || version.p[5] > '9' || version.p[6] != '.' ||
      version.p[7] < '0' || version.p[7] > '9')
    return 400;
  if (version.p[5] != '1') return 505;
  request.old = version.p[7] == '0';
  request.method = is(method, "GET") ? GET : is(method, "HEAD") ? HEAD_METHOD : is(method, "POST") ? POST : OTHER;
  // The absolute form names the host, too.
  if (target.n > 7 && is_caseless((Text){target.p, 7}, "http://")) {
    const char *slash = memchr(target.p + 7, '/', target.n - 7);
    target = slash ? (Text){slash, target.p + target.n - slash} : (Text){"/", 1};
  }
  const char *query = memchr(target.p, '?', target.n);
  size_t n = query ? query - target.p : target.n;
  if (n >= sizeof request.path) n = sizeof request.path - 1; // no route is that long
  memcpy(request.path, target.p, n);
  request.path[n] = 0;
  return OK;
}

static int content_length(Text value) {
  for (bool first = true; first || value.n; first = false) { // "5, 5" comes of joined fields
    Text t = next_of(&value);
    uint64_t n = 0;
    if (t.n == 0) return 400;
    for (size_t i = 0; i < t.n; i++) {
      if (t.p[i] < '0' || t.p[i] > '9') return 400;
      if (n > UINT64_MAX / 16) return 413;
      n = n * 10 + (t.p[i] - '0');
    }
    if (request.sized && n != request.length) return 400;
    request.sized = true;
    request.length = n;
  }
  return OK;
}

static int field(Text line) {
  const char *colon = memchr(line.p, ':', line.n);
  if (!colon) return 400;
  Text name = {line.p, colon - line.p}, value = trim((Text){colon + 1, line.n - name.n - 1});
  if (!token(name)) return 400; // also a space before the colon, and a folded line
  for (size_t i = 0; i < value.n; i++)
    if ((uint8_t)value.p[i] < ' ' && value.p[i] != '\t' || value.p[i] == 0x7F) return 400;
  switch (name.n) { // most fields need no comparing
  case 4:
    if (!is_caseless(name, "host")) break;
    if (request.host) return 400;
    request.host = true;
    break;
  case 6:
    if (!is_caseless(name, "expect")) break;
    if (!is_caseless(value, "100-continue")) return 417;
    request.expects = true;
    break;
  case 10:
    if (!is_caseless(name, "connection")) break;
    while (value.n) {
      Text t = next_of(&value);
      request.close |= is_caseless(t, "close");
      request.keep |= is_caseless(t, "keep-alive");
    }
    break;
  case 12:
    if (!is_caseless(name, "content-type") || value.n >= sizeof request.type) break;
    memcpy(request.type, value.p, value.n);
    request.type[value.n] = 0;
    break;
  case 14:
    if (is_caseless(name, "content-length")) return content_length(value);
    break;
  case 17:
    if (!is_caseless(name, "transfer-encoding")) break;
    if (request.chunked || request.old) return 400;
    if (!is_caseless(value, "chunked")) return 501;
    request.chunked = true;
    break;
  }
  return OK;
}

// read_head reads a request up to its body.
static int read_head(void) {
  memset(&request, 0, offsetof(typeof(request), path) + 1);
  request.type[0] = 0;
  size_t next = at, start = at;
  int status = OK;
  // Empty lines before a request are from clients that end bodies with one.
  for (;;) {
    while (end - at >= 2 && in[at] == '\r' && in[at + 1] == '\n') at += 2;
    if (end - at >= 2 || end - at == 1 && in[at] != '\r') break;
    if ((status = at == end ? more() : more_of_it())) return status;
  }
  // The lines are looked at when all are there: what is between them may move before.
  size_t seen = 0; // bytes behind at that hold no end
  for (;;) {
    start = at;
    char *lf = NULL;
    for (size_t from = at + seen; (lf = memchr(in + from, '\n', end - from)); from = lf + 1 - in) {
      if (lf - in - at >= 3 && !memcmp(lf - 3, "\r\n\r", 3)) break;
      if (lf == in + at || lf[-1] != '\r') return 400;
    }
    if (lf) break;
    if (end - at > LINE && !memchr(in + at, '\n', LINE)) return 414;
    if (end - at > HEAD) return 431;
    seen = end - at > 3 ? end - at - 3 : 0;
    if ((status = more_of_it())) return status;
  }
  Text line;
  if ((status = find_line(start, &line, &next))) return status;
  if (line.n > LINE) return 414;
  if ((status = request_line(line))) return status;
  for (int fields = 0;; fields++) {
    if ((status = find_line(next, &line, &next))) return status;
    if (line.n == 0) break;
    if (fields == FIELDS || next - start > HEAD) return 431;
    if ((status = field(line))) return status;
  }
  at = next;
  if (!request.old && !request.host) return 400;
  if (request.chunked && request.sized) return 400; // two lengths: somebody is being fooled
  if (request.length > BODY) return 413;
  if (request.old) request.close |= !request.keep, request.expects = false;
  return OK;
}

// ---- Bodies ----

static void reserve(size_t n) {
  if (n <= body_space) return;
  while (body_space < n) body_space = body_space ? 2 * body_space : 4096;
  if (!(body = realloc(body, body_space))) __builtin_trap();
}

// read_bytes appends n bytes to the body. Room is made for what has arrived, not for what
// was announced.
static int read_bytes(uint64_t n) {
  while (n > 0) {
    size_t have = end - at < n ? end - at : n;
    reserve(body_size + have);
    memcpy(body + body_size, in + at, have);
    body_size += have;
    at += have;
    n -= have;
    int status = n ? more_of_it() : OK;
    if (status) return status;
  }
  return OK;
}

// read_line reads a line of the chunked coding.
static int read_line(Text *line) {
  size_t next;
  for (;;) {
    int status = find_line(at, line, &next);
    if (status == OK) {
      at = next;
      return OK;
    }
    if (status != GONE) return status;
    if (end - at > 4096) return 400;
    if ((status = more_of_it())) return status;
  }
}

static int chunk_size(Text line, uint64_t *size) {
  size_t i = 0;
  uint64_t n = 0;
  for (; i < line.n; i++) {
    char c = line.p[i], lower = c | 32;
    int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    if (digit < 0) break;
    if (n > BODY) return 413;
    n = n * 16 + digit;
  }
  if (i == 0) return 400;
  Text rest = trim((Text){line.p + i, line.n - i});
  if (rest.n && *rest.p != ';') return 400; // extensions are ignored
  *size = n;
  return OK;
}

static int read_chunks(void) {
  Text line;
  int status;
  for (uint64_t n = 1; n;) {
    if ((status = read_line(&line)) || (status = chunk_size(line, &n))) return status;
    if (body_size + n > BODY) return 413;
    if (n == 0) break;
    if ((status = read_bytes(n)) || (status = read_line(&line))) return status;
    if (line.n) return 400;
  }
  for (int fields = 0; fields <= FIELDS; fields++) { // the trailer
    if ((status = read_line(&line))) return status;
    if (line.n == 0) return OK;
    if (!memchr(line.p, ':', line.n)) return 400;
  }
  return 431;
}

static int read_body(void) {
  body_size = 0;
  if (!request.chunked && request.length == 0) return OK;
  if (request.expects && at == end) put_text("HTTP/1.1 100 Continue\r\n\r\n");
  return request.chunked ? read_chunks() : read_bytes(request.length);
}

// ---- Answers ----

static const char *reason(int status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 408: return "Request Timeout";
  case 413: return "Content Too Large";
  case 414: return "URI Too Long";
  case 417: return "Expectation Failed";
  case 431: return "Request Header Fields Too Large";
  case 501: return "Not Implemented";
  case 505: return "HTTP Version Not Supported";
  }
  return "?";
}

// put_date puts the header field Date, which is formatted once a second.
static void put_date(void) {
  static char date[64];
  static time_t formatted;
  time_t t = time(NULL);
  if (t != formatted) {
    struct tm tm;
    formatted = t;
    strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&t, &tm));
  }
  put_text(date);
}

static void answer(int status, const char *type, const char *p, size_t n) {
  put_text("HTTP/1.1 ");
  put_number(status);
  put(" ", 1);
  put_text(reason(status));
  put_text("\r\n");
  put_date();
  put_text("Content-Type: ");
  put_text(type);
  put_text("\r\nContent-Length: ");
  put_number(n);
  if (status == 405) put_text(!strcmp(request.path, "/echo") ? "\r\nAllow: POST" : "\r\nAllow: GET, HEAD");
  if (request.close)
    put_text("\r\nConnection: close");
  else if (request.old)
    put_text("\r\nConnection: keep-alive");
  put_text("\r\n\r\n");
  if (request.method != HEAD_METHOD) put(p, n);
}

static void answer_status(int status) {
  char text[64];
  int n = snprintf(text, sizeof text, "%d %s\n", status, reason(status));
  answer(status, "text/plain", text, n);
}

static const struct { const char *path, *type, *text; } pages[] = {
    {"/", "text/html; charset=utf-8", "<!doctype html><title>Lunatic</title><p>A process for every connection.\n"},
    {"/text", "text/plain; charset=utf-8", "Hello, World!\n"},
    {"/json", "application/json", "{\"message\":\"Hello, World!\"}\n"},
};

static void serve(void) {
  if (request.method == OTHER) return answer_status(501);
  if (!strcmp(request.path, "/echo")) {
    if (request.method != POST) return answer_status(405);
    return answer(200, request.type[0] ? request.type : "application/octet-stream", body, body_size);
  }
  for (int i = 0; i < sizeof pages / sizeof *pages; i++) {
    if (strcmp(request.path, pages[i].path)) continue;
    if (request.method == POST) return answer_status(405);
    return answer(200, pages[i].type, pages[i].text, strlen(pages[i].text));
  }
  if (!strcmp(request.path, "/crash")) __builtin_trap(); // it is nobody else's
  answer_status(404);
}

// linger reads on before the connection is closed, until the client closes its side: closing with
// something unread would reset the connection, and the answer could be lost.
static void linger(void) {
  uint64_t until = now() + patience, t;
  uint64_t n = 1;
  flush_out();
  for (uint64_t sum = 0; n && sum < 4 * BODY && (t = now()) < until; sum += n) {
    set_timeout(until - t);
    if (tcp_read(stream, in, sizeof in, &n)) break;
  }
}

// refuse answers a request whose end is not known.
static void refuse(int status) {
  request.close = true;
  answer_status(status);
}

EXPORT("connection") void connection(uint64_t ms) {
  receive((int64_t[]){STREAM}, 1, FOREVER);
  stream = take_tcp_stream(0);
  patience = ms;
  set_write_timeout(stream, patience);
  do {
    deadline = 0;
    int status = read_head();
    if (status == OK) status = read_body();
    if (status == GONE) return;
    if (status) refuse(status);
    else serve();
  } while (!request.close);
  linger();
}

int main(int argc, char **argv) {
  uint64_t listener = listen_on(argc > 1 ? atoi(argv[1]) : 0);
  uint64_t ms = argc > 2 ? atoi(argv[2]) : PATIENCE;
  for (;;) {
    uint64_t accepted = accept_stream(listener);
    send_stream(START(0, "connection", ms), STREAM, accepted);
  }
}
