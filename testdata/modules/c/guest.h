// What several of the C programs use.
#ifndef GUEST_H
#define GUEST_H
#include <stddef.h>
#include <stdint.h>

// random32 is Marsaglia's xorshift32: any other implementation gives the same sequence.
static uint32_t random_state = 2463534242u;
static inline uint32_t random32(void) {
  uint32_t x = random_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return random_state = x;
}

// crc32 is the checksum of gzip and zlib, bit by bit.
static inline uint32_t crc32(const void *data, size_t n) {
  const uint8_t *p = data;
  uint32_t c = ~0u;
  while (n--) {
    c ^= *p++;
    for (int i = 0; i < 8; i++) c = c >> 1 ^ (0xEDB88320u & -(c & 1));
  }
  return ~c;
}
#endif
