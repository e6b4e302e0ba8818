/* A ring of processes, all alive at the same time, and a number that goes round: everybody adds 1
 * and passes it on.
 *
 *     ring [PROCESSES [LAPS]] */
#include "lunatic.h"

#include "../print.h"

#include <stdlib.h>

enum { TOKEN = 1 };

/* node passes on what it gets, as often as there are laps. */
struct node {
  lunatic_pid next;
  uint32_t laps;
};

static void node(const void *arg, size_t size) {
  const struct node *n = arg;
  (void)size;
  for (uint32_t lap = 0; lap < n->laps; lap++) {
    uint64_t token;
    LUNATIC_RECEIVE(NULL, token, TOKEN, LUNATIC_FOREVER);
    token++;
    LUNATIC_SEND(n->next, TOKEN, token);
  }
}

int main(int argc, char **argv) {
  uint32_t processes = argc > 1 ? atoi(argv[1]) : 1000000, laps = argc > 2 ? atoi(argv[2]) : 1;
  struct node n = {lunatic_self(), laps};
  uint64_t begin = lunatic_now();
  for (uint32_t i = 0; i < processes; i++) {
    n.next = lunatic_spawn(node, &n, sizeof n);
    if (!n.next) {
      print(2, "ring: process ");
      print_number(2, i + 1);
      print(2, ": ");
      print(2, lunatic_error());
      print(2, "\n");
      return 1;
    }
  }
  uint64_t spawned = lunatic_now(), token = 0;
  for (uint32_t lap = 0; lap < laps; lap++) {
    LUNATIC_SEND(n.next, TOKEN, token);
    LUNATIC_RECEIVE(NULL, token, TOKEN, LUNATIC_FOREVER);
  }
  uint64_t done = lunatic_now();
  print(1, "token: ");
  print_number(1, token);
  print(1, "\n");
  print_time(2, spawned - begin, processes);
  print(2, " to spawn a process, ");
  print_time(2, done - spawned, (uint64_t)processes * laps);
  print(2, " to pass the token on\n");
}
