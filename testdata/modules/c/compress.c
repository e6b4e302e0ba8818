// DEFLATE (RFC 1951): a compressor with hash chains and fixed Huffman codes, and a
// decompressor for stored, fixed and dynamic blocks. With the argument "raw" the compressed
// text is written to standard output, for another implementation to read.
#include "guest.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint16_t len_base[29] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t len_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t dist_base[30] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t dist_extra[30] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

// ---- Compressor ----

typedef struct {
  uint8_t *out;
  size_t len;
  uint64_t bits;
  int nbits;
} Writer;

static void put_bits(Writer *w, uint32_t v, int n) {
  w->bits |= (uint64_t)v << w->nbits;
  w->nbits += n;
  while (w->nbits >= 8) {
    w->out[w->len++] = (uint8_t)w->bits;
    w->bits >>= 8;
    w->nbits -= 8;
  }
}

static uint32_t reversed(uint32_t v, int n) {
  uint32_t r = 0;
  while (n--) {
    r = r << 1 | (v & 1);
    v >>= 1;
  }
  return r;
}

static void put_symbol(Writer *w, int s) {
  if (s < 144) put_bits(w, reversed(0x30 + s, 8), 8);
  else if (s < 256) put_bits(w, reversed(0x190 + s - 144, 9), 9);
  else if (s < 280) put_bits(w, reversed(s - 256, 7), 7);
  else put_bits(w, reversed(0xC0 + s - 280, 8), 8);
}

static void put_match(Writer *w, int len, int dist) {
  int l = 28, d = 29;
  while (len_base[l] > len) l--;
  put_symbol(w, 257 + l);
  put_bits(w, len - len_base[l], len_extra[l]);
  while (dist_base[d] > dist) d--;
  put_bits(w, reversed(d, 5), 5);
  put_bits(w, dist - dist_base[d], dist_extra[d]);
}

enum { WINDOW = 32768, CHAIN = 32, HASHES = 1 << 15 };
static int32_t head[HASHES], prev[WINDOW];

static uint32_t hash3(const uint8_t *p) { return ((p[0] | p[1] << 8 | p[2] << 16) * 2654435761u) >> 17; }

static int longest(const uint8_t *in, size_t n, size_t at, int *dist) {
  int best = 2;
  int max = n - at < 258 ? (int)(n - at) : 258;
  int32_t c = head[hash3(in + at)];
  for (int i = 0; i < CHAIN && c >= 0 && at - c < WINDOW; i++, c = prev[c & (WINDOW - 1)]) {
    int k = 0;
    while (k < max && in[c + k] == in[at + k]) k++;
    if (k > best) {
      best = k;
      *dist = at - c;
    }
  }
  return best > 2 ? best : 0;
}

static void insert(const uint8_t *in, size_t at) {
  uint32_t h = hash3(in + at);
  prev[at & (WINDOW - 1)] = head[h];
  head[h] = at;
}

static size_t compress(const uint8_t *in, size_t n, uint8_t *out) {
  Writer w = {.out = out};
  memset(head, 0xFF, sizeof head);
  put_bits(&w, 1, 1); // final
  put_bits(&w, 1, 2); // fixed codes
  for (size_t at = 0; at < n;) {
    int dist = 0, len = at + 3 <= n ? longest(in, n, at, &dist) : 0;
    if (len) put_match(&w, len, dist);
    else put_symbol(&w, in[at]);
    for (size_t end = at + (len ? len : 1); at < end; at++)
      if (at + 3 <= n) insert(in, at);
  }
  put_symbol(&w, 256);
  put_bits(&w, 0, 7);
  return w.len;
}

// ---- Decompressor ----

typedef struct {
  const uint8_t *in, *end;
  uint32_t bits;
  int nbits;
  uint8_t *out;
  size_t len, cap;
  const char *error;
} Reader;

static uint32_t get_bits(Reader *r, int n) {
  while (r->nbits < n) {
    if (r->in == r->end) {
      r->error = "unexpected end";
      return 0;
    }
    r->bits |= (uint32_t)*r->in++ << r->nbits;
    r->nbits += 8;
  }
  uint32_t v = r->bits & ((1u << n) - 1);
  r->bits >>= n;
  r->nbits -= n;
  return v;
}

// A Code is a canonical Huffman code: the number of codes of each length, and the symbols
// in the order of their codes.
typedef struct {
  uint16_t count[16], symbol[288];
} Code;

static void build(Code *c, const uint8_t *lengths, int n) {
  uint16_t at[16] = {0};
  memset(c->count, 0, sizeof c->count);
  for (int i = 0; i < n; i++) c->count[lengths[i]]++;
  c->count[0] = 0;
  for (int l = 1; l < 15; l++) at[l + 1] = at[l] + c->count[l];
  for (int i = 0; i < n; i++)
    if (lengths[i]) c->symbol[at[lengths[i]]++] = i;
}

static int get_symbol(Reader *r, const Code *c) {
  int code = 0, first = 0, index = 0;
  for (int l = 1; l < 16; l++) {
    code |= get_bits(r, 1);
    if (r->error) return -1;
    if (code - first < c->count[l]) return c->symbol[index + code - first];
    index += c->count[l];
    first = (first + c->count[l]) << 1;
    code <<= 1;
  }
  r->error = "bad code";
  return -1;
}

static void emit(Reader *r, uint8_t b) {
  if (r->len == r->cap) r->error = "output full";
  else r->out[r->len++] = b;
}

static void stored_block(Reader *r) {
  r->bits = r->nbits = 0;
  uint32_t len = get_bits(r, 16), check = get_bits(r, 16);
  if (!r->error && (len ^ check) != 0xFFFF) r->error = "bad stored length";
  while (!r->error && len--) emit(r, get_bits(r, 8));
}

static void coded_block(Reader *r, const Code *lit, const Code *dist) {
  for (;;) {
    int s = get_symbol(r, lit);
    if (r->error || s == 256) return;
    if (s < 256) {
      emit(r, s);
      continue;
    }
    if (s > 285) {
      r->error = "bad length";
      return;
    }
    int len = len_base[s - 257] + get_bits(r, len_extra[s - 257]);
    int d = get_symbol(r, dist);
    if (r->error || d > 29) {
      r->error = "bad distance";
      return;
    }
    size_t back = dist_base[d] + get_bits(r, dist_extra[d]);
    if (back > r->len) {
      r->error = "distance too far back";
      return;
    }
    while (!r->error && len--) emit(r, r->out[r->len - back]);
  }
}

static void fixed_block(Reader *r) {
  uint8_t l[288 + 30];
  Code lit, dist;
  memset(l, 8, 144);
  memset(l + 144, 9, 112);
  memset(l + 256, 7, 24);
  memset(l + 280, 8, 8);
  memset(l + 288, 5, 30);
  build(&lit, l, 288);
  build(&dist, l + 288, 30);
  coded_block(r, &lit, &dist);
}

static void dynamic_block(Reader *r) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  int nlit = get_bits(r, 5) + 257, ndist = get_bits(r, 5) + 1, nlen = get_bits(r, 4) + 4;
  uint8_t l[320] = {0};
  Code lens, lit, dist;
  for (int i = 0; i < nlen; i++) l[order[i]] = get_bits(r, 3);
  build(&lens, l, 19);
  memset(l, 0, sizeof l);
  for (int i = 0; i < nlit + ndist && !r->error;) {
    int s = get_symbol(r, &lens), repeat = 1, value = s;
    if (s == 16) {
      value = i ? l[i - 1] : 0;
      repeat = 3 + get_bits(r, 2);
    } else if (s > 16) {
      value = 0;
      repeat = s == 17 ? 3 + get_bits(r, 3) : 11 + get_bits(r, 7);
    }
    while (repeat-- && i < nlit + ndist) l[i++] = value;
  }
  if (r->error) return;
  build(&lit, l, nlit);
  build(&dist, l + nlit, ndist);
  coded_block(r, &lit, &dist);
}

static const char *decompress(const uint8_t *in, size_t n, uint8_t *out, size_t cap, size_t *len) {
  static void (*const blocks[])(Reader *) = {stored_block, fixed_block, dynamic_block};
  Reader r = {.in = in, .end = in + n, .out = out, .cap = cap};
  bool last = false;
  while (!last && !r.error) {
    last = get_bits(&r, 1);
    uint32_t kind = get_bits(&r, 2);
    if (kind == 3) r.error = "bad block";
    if (!r.error) blocks[kind](&r);
  }
  *len = r.len;
  return r.error;
}

// ---- Work ----

// foreign was compressed by zlib: a dynamic block, see README.md.
static const uint8_t foreign[] = {
#include "foreign.inc"
};

static uint8_t plain[200000], packed[300000], again[200000];

static size_t make_text(void) {
  static const char *const words[] = {"wait", "process", "message", "the", "a", "link", "mailbox", "of", "signal", "and", "stack", "frame", "window", "to", "guest", "host"};
  size_t n = 0;
  while (n < sizeof plain - 32) {
    uint32_t r = random32();
    n += sprintf((char *)plain + n, "%s%s", words[r & 15], (r >> 8) % 11 ? " " : ".\n");
    if (r >> 28 == 0) n += sprintf((char *)plain + n, "%u ", r);
  }
  return n;
}

int main(int argc, char **argv) {
  size_t n = make_text(), len, packed_len = compress(plain, n, packed);
  if (argc > 1 && !strcmp(argv[1], "raw")) {
    fwrite(packed, 1, packed_len, stdout);
    return 0;
  }
  const char *error = decompress(packed, packed_len, again, sizeof again, &len);
  printf("plain  %zu bytes, crc %08x\n", n, crc32(plain, n));
  printf("packed %zu bytes, crc %08x\n", packed_len, crc32(packed, packed_len));
  printf("again  %zu bytes, %s, %s\n", len, error ? error : "ok", len == n && !memcmp(plain, again, n) ? "equal" : "different");
  error = decompress(foreign, sizeof foreign, again, sizeof again, &len);
  printf("foreign %zu bytes, %s, crc %08x: %.44s\n", len, error ? error : "ok", crc32(again, len), again);
  static const uint8_t stored[] = {1, 3, 0, 0xFC, 0xFF, 'a', 'b', 'c'};
  error = decompress(stored, sizeof stored, again, sizeof again, &len);
  printf("stored %.*s, %s\n", (int)len, again, error ? error : "ok");
  // Every shortened input is refused, none reads outside.
  int refused = 0;
  for (size_t cut = 0; cut < sizeof foreign; cut++) refused += decompress(foreign, cut, again, sizeof again, &len) != NULL;
  printf("refused %d of %zu shortened\n", refused, sizeof foreign);
  return 0;
}
