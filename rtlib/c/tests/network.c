/* TCP, TLS, UDP, names, between processes of this program. */
#include "test.h"

enum { PORT = 1, DONE };

/* address writes 127.0.0.1 and the port of a socket. */
static const char *address(lunatic_socket socket) {
  static char text[LUNATIC_ADDRESS_TEXT];
  lunatic_address a;
  must(lunatic_local_address(socket, &a) == LUNATIC_OK);
  return lunatic_format(&a, text, sizeof text);
}

/* echo serves one connection to its end, then says how much came. */
typedef struct {
  lunatic_pid to;
  bool tls;
} echo_arg;

static void echo(const void *arg, size_t size) {
  const echo_arg *a = arg;
  (void)size;
  lunatic_socket l = a->tls ? lunatic_listen_tls("127.0.0.1:0", getenv("CERTIFICATE"), getenv("KEY")) : lunatic_listen("127.0.0.1:0");
  must(l > 0);
  lunatic_address local, peer = {0};
  must(lunatic_local_address(l, &local) == LUNATIC_OK);
  LUNATIC_SEND(a->to, PORT, local);
  lunatic_socket s = lunatic_accept(l, &peer);
  must(s > 0 && peer.family == 4 && peer.port);
  static char buf[4096];
  int64_t total = 0, n;
  while ((n = lunatic_read(s, buf, sizeof buf)) > 0) {
    total += n;
    if (lunatic_write_all(s, buf, n) != LUNATIC_OK) break;
  }
  lunatic_close(s);
  lunatic_close(l);
  LUNATIC_SEND(a->to, DONE, total);
}

static lunatic_address start_echo(bool tls) {
  lunatic_address at = {0};
  echo_arg a = {lunatic_self(), tls};
  must(lunatic_spawn(echo, &a, sizeof a));
  LUNATIC_RECEIVE(NULL, at, PORT, LUNATIC_FOREVER);
  return at;
}

static void read_all(lunatic_socket s, char *buf, size_t size) {
  for (int64_t n; size > 0; buf += n, size -= n) must((n = lunatic_read(s, buf, size)) > 0);
}

static int64_t done(void) {
  int64_t total = 0;
  LUNATIC_RECEIVE(NULL, total, DONE, LUNATIC_FOREVER);
  return total;
}

static void tcp(void) {
  char text[LUNATIC_ADDRESS_TEXT], buf[16] = "";
  lunatic_address at = start_echo(false), peer;
  lunatic_socket s = lunatic_connect(lunatic_format(&at, text, sizeof text), LUNATIC_FOREVER);
  must(s > 0);
  must(lunatic_peer_address(s, &peer) == LUNATIC_OK);
  printf("tcp: peer %s\n", peer.port == at.port ? "matches" : "DIFFERS");
  lunatic_set_timeouts(s, 10, LUNATIC_FOREVER);
  printf("tcp: nothing to read: %s\n", result_text(lunatic_read(s, buf, sizeof buf)));
  lunatic_set_timeouts(s, LUNATIC_FOREVER, LUNATIC_FOREVER);
  must(lunatic_write_all(s, "hello", 5) == LUNATIC_OK);
  must(lunatic_flush(s) == LUNATIC_OK);
  int64_t n = lunatic_peek(s, buf, 1);
  printf("tcp: peeked %lld %c\n", n, buf[0]);
  read_all(s, buf, 5);
  printf("tcp: %s\n", buf);

  lunatic_socket clone = lunatic_clone(s);
  lunatic_close(s);
  must(lunatic_write_all(clone, "clone", 5) == LUNATIC_OK);
  read_all(clone, buf, 5);
  printf("tcp: %s\n", buf);
  lunatic_close(clone);
  printf("tcp: %lld bytes\n", done());
}

/* A large transfer: a writer in this process, a reader in another would deadlock on full buffers
 * if a write held up the runtime. */
typedef struct {
  lunatic_pid to;
  char address[LUNATIC_ADDRESS_TEXT];
} drain_arg;

enum { MUCH = 3 << 20 };

static void drain(const void *arg, size_t size) {
  const drain_arg *a = arg;
  (void)size;
  lunatic_socket s = lunatic_connect(a->address, LUNATIC_FOREVER);
  static uint8_t buf[10000];
  int64_t total = 0, n, wrong = 0;
  while ((n = lunatic_read(s, buf, sizeof buf)) > 0)
    for (int64_t i = 0; i < n; i++) wrong += buf[i] != (uint8_t)(total++ % 251);
  total -= wrong;
  LUNATIC_SEND(a->to, DONE, total);
}

static void much(void) {
  static uint8_t data[251 * 40];
  lunatic_socket l = lunatic_listen("127.0.0.1:0");
  must(l > 0);
  drain_arg a = {.to = lunatic_self()};
  strcpy(a.address, address(l));
  must(lunatic_spawn(drain, &a, sizeof a));
  lunatic_socket s = lunatic_accept(l, NULL);
  must(s > 0);
  for (size_t i = 0; i < sizeof data; i++) data[i] = i % 251;
  int64_t sent = 0;
  while (sent < MUCH) {
    must(lunatic_write_all(s, data, sizeof data) == LUNATIC_OK);
    sent += sizeof data;
  }
  lunatic_close(s);
  printf("much: %s\n", done() == sent ? "all of it" : "NOT ALL");
  lunatic_close(l);
}

static void tls(void) {
  char buf[8] = "";
  lunatic_address at = start_echo(true);
  lunatic_socket s = lunatic_connect_tls("localhost", at.port, getenv("CERTIFICATE"), LUNATIC_FOREVER);
  must(s > 0);
  must(lunatic_write_all(s, "secret", 6) == LUNATIC_OK && lunatic_flush(s) == LUNATIC_OK);
  read_all(s, buf, 6);
  printf("tls: %s\n", buf);
  lunatic_close(s);
  printf("tls: %lld bytes\n", done());
  lunatic_socket none = lunatic_listen_tls("127.0.0.1:0", getenv("CERTIFICATE"), getenv("OTHER_KEY"));
  printf("tls: a key that does not belong: %s\n", result_text(none));
}

static void udp(void) {
  char buf[8] = "", text[LUNATIC_ADDRESS_TEXT];
  lunatic_socket a = lunatic_udp("127.0.0.1:0"), b = lunatic_udp("127.0.0.1:0");
  must(a > 0 && b > 0);
  lunatic_address at, from;
  must(lunatic_local_address(b, &at) == LUNATIC_OK);
  printf("udp: sent %lld\n", lunatic_send_to(a, "one", 3, &at));
  int64_t n = lunatic_receive_from(b, buf, sizeof buf, &from);
  printf("udp: %lld %s\n", n, buf);
  printf("udp: no peer: %s\n", result_text(lunatic_peer_address(a, &at)));
  must(lunatic_udp_connect(b, lunatic_format(&from, text, sizeof text)) == LUNATIC_OK);
  must(lunatic_peer_address(b, &at) == LUNATIC_OK && at.port == from.port);
  must(lunatic_write(b, "two", 3) == 3);
  n = lunatic_read(a, buf, sizeof buf);
  printf("udp: %lld %s\n", n, buf);
  lunatic_close(a);
  lunatic_close(b);
}

static void names(void) {
  char text[LUNATIC_ADDRESS_TEXT];
  lunatic_address a[4];
  int n = lunatic_resolve("127.0.0.1:80", a, 4, LUNATIC_FOREVER);
  printf("names: %d %s\n", n, lunatic_format(a, text, sizeof text));
  n = lunatic_resolve("[fe80::1:203]:8080", a, 4, LUNATIC_FOREVER);
  printf("names: %d %s\n", n, lunatic_format(a, text, sizeof text));
  printf("names: cut off %s\n", lunatic_format(a, text, 8));
  printf("names: no port: %s\n", result_text(lunatic_resolve("127.0.0.1", a, 4, LUNATIC_FOREVER)));
  printf("names: localhost has %s\n", lunatic_resolve("localhost:1", NULL, 0, LUNATIC_FOREVER) > 0 ? "one" : "NONE");
}

static void refused(void) {
  char at[LUNATIC_ADDRESS_TEXT];
  lunatic_socket l = lunatic_listen("127.0.0.1:0");
  must(l > 0);
  strcpy(at, address(l));
  printf("taken: %s\n", result_text(lunatic_listen(at)));
  lunatic_close(l);
  printf("closed: %s", result_text(lunatic_connect(at, LUNATIC_FOREVER)));
  printf(", %s\n", said("refused"));
}

int main(void) {
  tcp();
  much();
  tls();
  udp();
  names();
  refused();
}
