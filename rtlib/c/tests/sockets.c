/* Sockets and modules travel in messages. A process accepts, others serve. */
#include "test.h"

enum { CONNECTION = 1, DATAGRAM, SERVED };

/* serve gets a connection and answers one line on it. */
static void serve(const void *arg, size_t size) {
  lunatic_message m;
  char greeting[8], name[16];
  (void)size;
  lunatic_receive_tag(&m, greeting, sizeof greeting, CONNECTION, LUNATIC_FOREVER);
  lunatic_socket s = *(const bool *)arg ? lunatic_message_take_tls(0) : lunatic_message_take_tcp(0);
  int64_t n = lunatic_read(s, name, sizeof name);
  must(n > 0);
  must(lunatic_write_all(s, greeting, m.size) == LUNATIC_OK && lunatic_write_all(s, name, n) == LUNATIC_OK);
  if (*(const bool *)arg) must(lunatic_flush(s) == LUNATIC_OK);
}

/* client sends its name and reports what comes back until the end of the stream. */
typedef struct {
  lunatic_pid to;
  lunatic_address at;
  bool tls;
  char name[8];
} client_arg;

static void client(const void *arg, size_t size) {
  const client_arg *a = arg;
  char text[LUNATIC_ADDRESS_TEXT], answer[64] = "";
  (void)size;
  lunatic_socket s = a->tls ? lunatic_connect_tls("127.0.0.1", a->at.port, getenv("CERTIFICATE"), LUNATIC_FOREVER)
                            : lunatic_connect(lunatic_format(&a->at, text, sizeof text), LUNATIC_FOREVER);
  must(s > 0 && lunatic_write_all(s, a->name, strlen(a->name)) == LUNATIC_OK);
  size_t have = 0;
  for (int64_t n; (n = lunatic_read(s, answer + have, sizeof answer - 1 - have)) > 0;) have += n;
  lunatic_send(a->to, SERVED, answer, have + 1);
}

static void hand_over(bool tls) {
  lunatic_socket l = tls ? lunatic_listen_tls("127.0.0.1:0", getenv("CERTIFICATE"), getenv("KEY")) : lunatic_listen("127.0.0.1:0");
  must(l > 0);
  client_arg a = {.to = lunatic_self(), .tls = tls};
  must(lunatic_local_address(l, &a.at) == LUNATIC_OK);
  for (int i = 0; i < 3; i++) {
    char answer[64];
    snprintf(a.name, sizeof a.name, "client%d", i);
    must(lunatic_spawn(client, &a, sizeof a));
    lunatic_socket s = lunatic_accept(l, NULL);
    must(s > 0);
    lunatic_send_socket(lunatic_spawn(serve, &tls, sizeof tls), CONNECTION, "hello ", 6, s);
    lunatic_receive_tag(NULL, answer, sizeof answer, SERVED, LUNATIC_FOREVER);
    printf("%s: %s\n", tls ? "tls" : "tcp", answer);
  }
  lunatic_close(l);
}

/* keep sends a datagram from a socket that it was given. */
static void use_udp(const void *arg, size_t size) {
  (void)size;
  lunatic_receive_tag(NULL, NULL, 0, DATAGRAM, LUNATIC_FOREVER);
  lunatic_socket s = lunatic_message_take_udp(0);
  must(lunatic_send_to(s, "given", 5, arg) == 5);
}

static void udp(void) {
  lunatic_socket a = lunatic_udp("127.0.0.1:0"), b = lunatic_udp("127.0.0.1:0");
  must(a > 0 && b > 0);
  lunatic_address at, from, own;
  must(lunatic_local_address(b, &at) == LUNATIC_OK && lunatic_local_address(a, &own) == LUNATIC_OK);
  lunatic_socket kept = lunatic_clone(a);
  lunatic_send_socket(lunatic_spawn(use_udp, &at, sizeof at), DATAGRAM, NULL, 0, a);
  char buf[8] = "";
  must(lunatic_receive_from(b, buf, sizeof buf, &from) == 5);
  printf("udp: %s from %s\n", buf, from.port == own.port ? "the same socket" : "ANOTHER");
  printf("udp: the clone is mine: %lld\n", lunatic_send_to(kept, "x", 1, &at));
}

/* What goes to nobody is closed. */
static void nobody(void) {
  lunatic_address at;
  char text[LUNATIC_ADDRESS_TEXT], c;
  lunatic_socket l = lunatic_listen("127.0.0.1:0");
  must(l > 0 && lunatic_local_address(l, &at) == LUNATIC_OK);
  lunatic_socket there = lunatic_connect(lunatic_format(&at, text, sizeof text), LUNATIC_FOREVER), here = lunatic_accept(l, NULL);
  must(there > 0 && here > 0);
  lunatic_send_socket(999999, CONNECTION, NULL, 0, here);
  printf("nobody: read %lld\n", lunatic_read(there, &c, 1));
}

/* A message in parts with two attachments, to this process itself. */
static void parts(void) {
  lunatic_socket l = lunatic_listen("127.0.0.1:0");
  lunatic_address at;
  char text[LUNATIC_ADDRESS_TEXT], buf[8] = "";
  must(l > 0 && lunatic_local_address(l, &at) == LUNATIC_OK);
  lunatic_socket there = lunatic_connect(lunatic_format(&at, text, sizeof text), LUNATIC_FOREVER), here = lunatic_accept(l, NULL);
  must(there > 0 && here > 0);
  lunatic_message_begin(CONNECTION);
  lunatic_message_write("one ", 4);
  size_t first = lunatic_message_attach(there);
  lunatic_message_write("two", 3);
  size_t second = lunatic_message_attach(here);
  lunatic_message_send(lunatic_self());
  lunatic_message m;
  lunatic_receive_tag(&m, buf, 4, CONNECTION, LUNATIC_FOREVER);
  printf("parts: %s of %llu, then", buf, m.size);
  size_t n = lunatic_message_read(buf, sizeof buf);
  printf(" %zu: %.3s, then %zu\n", n, buf, lunatic_message_read(buf, sizeof buf));
  here = lunatic_message_take_tcp(second);
  there = lunatic_message_take_tcp(first);
  must(lunatic_write_all(here, "!", 1) == LUNATIC_OK && lunatic_read(there, buf, sizeof buf) == 1);
  printf("parts: %c\n", buf[0]);
}

int main(void) {
  hand_over(false);
  hand_over(true);
  udp();
  nobody();
  parts();
}
