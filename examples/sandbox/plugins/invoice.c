/* Adds up an order, "2 apple 3 pear", at the prices of the host. */
#include "plugin.h"

static void plugin(lunatic_pid host, const char *question, size_t size) {
  char text[24];
  uint64_t sum = 0;
  (void)size;
  while (*question) {
    uint64_t n = 0;
    for (; *question >= '0' && *question <= '9'; question++) n = 10 * n + *question - '0';
    while (*question == ' ') question++;
    size_t length = strcspn(question, " ");
    int64_t cents = host_price(question, length);
    if (cents < 0) {
      answer(host, "no price");
      return;
    }
    sum += n * cents;
    for (question += length; *question == ' ';) question++;
  }
  answer(host, number(text + sizeof text, sum));
}
