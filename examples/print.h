/* Output without stdio: its tables would be in the memory of a million processes. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static inline void print(int fd, const char *text) {
  if (write(fd, text, strlen(text)) < 0) _exit(1);
}

static inline void print_number(int fd, uint64_t n) {
  char digits[21], *at = digits + sizeof digits;
  *--at = 0;
  do *--at = '0' + n % 10;
  while (n /= 10);
  print(fd, at);
}

/* print_time writes a time that is divided among n, in microseconds with two digits behind the point. */
static inline void print_time(int fd, uint64_t ms, uint64_t n) {
  uint64_t ns10 = ms * 100000 / n;
  char rest[] = {'.', '0' + ns10 / 10 % 10, '0' + ns10 % 10, ' ', 'u', 's', 0};
  print_number(fd, ns10 / 100);
  print(fd, rest);
}
