/* Skynet: a tree of processes. Each node spawns ten, which divide its numbers among them; a leaf
 * answers its number, a node the sum of the answers. https://github.com/atemerev/skynet
 *
 *     skynet [LEAVES] */
#include "lunatic.h"

#include "../print.h"

#include <stdlib.h>

enum { SUM = 1, WIDTH = 10 };

/* node is about the numbers from first on, so many of them. */
struct node {
  lunatic_pid parent;
  uint64_t first, leaves;
};

static void node(const void *arg, size_t size) {
  const struct node *n = arg;
  uint64_t sum = n->first;
  (void)size;
  if (n->leaves > 1) {
    struct node child = {lunatic_self(), n->first, n->leaves / WIDTH};
    for (int i = 0; i < WIDTH; i++, child.first += child.leaves)
      if (!lunatic_spawn(node, &child, sizeof child)) __builtin_trap();
    sum = 0;
    for (int i = 0; i < WIDTH; i++) {
      uint64_t part;
      LUNATIC_RECEIVE(NULL, part, SUM, LUNATIC_FOREVER);
      sum += part;
    }
  }
  LUNATIC_SEND(n->parent, SUM, sum);
}

int main(int argc, char **argv) {
  struct node root = {lunatic_self(), 0, argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000};
  uint64_t power = 1, processes = 1, sum;
  for (; power < root.leaves; processes += power) power *= WIDTH;
  if (power != root.leaves) {
    print(2, "skynet: not a power of 10: ");
    print(2, argv[1]);
    print(2, "\n");
    return 2;
  }
  uint64_t begin = lunatic_now();
  if (!lunatic_spawn(node, &root, sizeof root)) {
    print(2, "skynet: ");
    print(2, lunatic_error());
    print(2, "\n");
    return 1;
  }
  LUNATIC_RECEIVE(NULL, sum, SUM, LUNATIC_FOREVER);
  uint64_t ms = lunatic_now() - begin;
  print(1, "sum: ");
  print_number(1, sum);
  print(1, "\n");
  print_number(2, processes);
  print(2, " processes, ");
  print_time(2, ms, processes);
  print(2, " each\n");
}
