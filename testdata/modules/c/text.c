// Digests, a hash table, string search, and an expression evaluator whose errors travel as
// return values: the C style without setjmp.
#include "guest.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- SHA-256 (FIPS 180-4); the constants are computed, not copied ----

static uint32_t sha_k[64], sha_h[8];

// root_bits returns the first 32 bits of the fraction of the square or cube root of p.
static uint32_t root_bits(uint32_t p, int degree) {
  uint64_t lo = 0, hi = (uint64_t)20 << 32;
  while (hi - lo > 1) { // the greatest x with x^degree <= p * 2^(32*degree)
    uint64_t mid = lo + (hi - lo) / 2;
    unsigned __int128 m = mid, power = m * m;
    bool above = degree == 2 ? power > (unsigned __int128)p << 64 : power * m > (unsigned __int128)p << 96;
    if (above) hi = mid;
    else lo = mid;
  }
  return (uint32_t)lo;
}

static void sha_init(void) {
  int n = 0;
  for (uint32_t p = 2; n < 64; p++) {
    bool prime = true;
    for (uint32_t d = 2; d * d <= p; d++) prime &= p % d != 0;
    if (!prime) continue;
    if (n < 8) sha_h[n] = root_bits(p, 2);
    sha_k[n++] = root_bits(p, 3);
  }
}

static uint32_t rot(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void sha_block(uint32_t h[8], const uint8_t *p) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rot(a, 7) ^ rot(a, 18) ^ a >> 3) + w[i - 7] + (rot(b, 17) ^ rot(b, 19) ^ b >> 10);
  }
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = s[7] + (rot(s[4], 6) ^ rot(s[4], 11) ^ rot(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
    uint32_t t2 = (rot(s[0], 2) ^ rot(s[0], 13) ^ rot(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

static void print_sha(const char *name, const void *data, size_t n) {
  const uint8_t *p = data;
  uint8_t tail[128] = {0};
  uint32_t h[8];
  size_t rest = n % 64, padded = rest < 56 ? 64 : 128;
  memcpy(h, sha_h, sizeof h);
  for (size_t i = 0; i + 64 <= n; i += 64) sha_block(h, p + i);
  memcpy(tail, p + n - rest, rest);
  tail[rest] = 0x80;
  for (int i = 0; i < 8; i++) tail[padded - 1 - i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
  for (size_t i = 0; i < padded; i += 64) sha_block(h, tail + i);
  printf("sha256 %s ", name);
  for (int i = 0; i < 8; i++) printf("%08x", h[i]);
  printf(", crc32 %08x\n", crc32(data, n));
}

// ---- Hash table: chained, growing, removing ----

typedef struct Item {
  struct Item *next;
  int count;
  char word[];
} Item;

typedef struct {
  Item **buckets;
  size_t size, used;
} Map;

static size_t bucket(const Map *m, const char *w) {
  uint32_t h = 5381;
  while (*w) h = h * 33 ^ (uint8_t)*w++;
  return h & (m->size - 1);
}

static Item **find(Map *m, const char *word) {
  Item **p = &m->buckets[bucket(m, word)];
  while (*p && strcmp((*p)->word, word)) p = &(*p)->next;
  return p;
}

static void resize(Map *m, size_t size) {
  Map bigger = {calloc(size, sizeof(Item *)), size, m->used};
  if (!bigger.buckets) exit(70);
  for (size_t i = 0; i < m->size; i++)
    for (Item *it = m->buckets[i], *next; it; it = next) {
      next = it->next;
      Item **b = &bigger.buckets[bucket(&bigger, it->word)];
      it->next = *b;
      *b = it;
    }
  free(m->buckets);
  *m = bigger;
}

static void add(Map *m, const char *word) {
  if (m->used >= m->size) resize(m, m->size ? m->size * 2 : 8);
  Item **p = find(m, word);
  if (!*p) {
    *p = malloc(sizeof(Item) + strlen(word) + 1);
    if (!*p) exit(70);
    (*p)->next = NULL;
    (*p)->count = 0;
    strcpy((*p)->word, word);
    m->used++;
  }
  (*p)->count++;
}

static void drop(Map *m, const char *word) {
  Item **p = find(m, word), *it = *p;
  if (!it) return;
  *p = it->next;
  free(it);
  m->used--;
}

// ---- String search: Horspool against the library's strstr ----

static const char *horspool(const char *text, size_t n, const char *word) {
  size_t m = strlen(word), shift[256];
  for (int i = 0; i < 256; i++) shift[i] = m;
  for (size_t i = 0; i + 1 < m; i++) shift[(uint8_t)word[i]] = m - 1 - i;
  for (size_t at = 0; at + m <= n; at += shift[(uint8_t)text[at + m - 1]])
    if (!memcmp(text + at, word, m)) return text + at;
  return NULL;
}

// ---- Expressions: errors are values ----

typedef enum { OK, ERR_SYNTAX, ERR_DIVISION, ERR_DEPTH } Err;
static const char *const err_text[] = {"ok", "syntax error", "division by zero", "too deep"};

static Err sum(const char **p, int depth, int64_t *out);

static Err atom(const char **p, int depth, int64_t *out) {
  while (**p == ' ') ++*p;
  if (depth > 40) {
    usleep(1000); // suspends below 120 calls
    return ERR_DEPTH;
  }
  if (**p == '-') {
    ++*p;
    Err e = atom(p, depth + 1, out);
    *out = -*out;
    return e;
  }
  if (**p == '(') {
    ++*p;
    Err e = sum(p, depth + 1, out);
    if (e) return e;
    if (**p != ')') return ERR_SYNTAX;
    ++*p;
    return OK;
  }
  if (!isdigit((uint8_t)**p)) return ERR_SYNTAX;
  *out = strtoll(*p, (char **)p, 10);
  return OK;
}

static Err product(const char **p, int depth, int64_t *out) {
  Err e = atom(p, depth, out);
  while (!e) {
    while (**p == ' ') ++*p;
    char op = **p;
    int64_t rhs;
    if (op != '*' && op != '/' && op != '%') break;
    ++*p;
    if ((e = atom(p, depth, &rhs))) break;
    if (op == '*') *out *= rhs;
    else if (rhs == 0) e = ERR_DIVISION;
    else *out = op == '/' ? *out / rhs : *out % rhs;
  }
  return e;
}

static Err sum(const char **p, int depth, int64_t *out) {
  Err e = product(p, depth, out);
  while (!e && (**p == '+' || **p == '-')) {
    int64_t rhs;
    char op = *(*p)++;
    if (!(e = product(p, depth, &rhs))) *out += op == '+' ? rhs : -rhs;
  }
  return e;
}

static void evaluate(const char *text) {
  int64_t v = 0;
  const char *p = text;
  Err e = sum(&p, 0, &v);
  if (!e && *p) e = ERR_SYNTAX;
  if (e) printf("%.24s: %s at %d\n", text, err_text[e], (int)(p - text));
  else printf("%s = %lld\n", text, (long long)v);
}

// ---- Work ----

static char text[150000];

int main(void) {
  sha_init();
  print_sha("\"\"", "", 0);
  print_sha("\"abc\"", "abc", 3);
  const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  print_sha("two blocks", two, strlen(two));

  size_t n = 0;
  while (n < sizeof text - 16) n += sprintf(text + n, "w%u ", random32() % 5000);
  print_sha("the text", text, n);

  char *copy = strdup(text), *rest = copy;
  Map m = {0};
  int words = 0;
  for (char *w; (w = strsep(&rest, " "));)
    if (*w) {
      add(&m, w);
      words++;
    }
  Item *top = NULL;
  for (size_t i = 0; i < m.size; i++)
    for (Item *it = m.buckets[i]; it; it = it->next)
      if (!top || it->count > top->count || (it->count == top->count && strcmp(it->word, top->word) < 0)) top = it;
  printf("%d words, %zu distinct, most often %s: %d\n", words, m.used, top->word, top->count);
  for (int i = 0; i < 5000; i += 2) {
    char w[16];
    sprintf(w, "w%d", i);
    drop(&m, w);
  }
  printf("%zu left, w1 %s, w2 %s\n", m.used, *find(&m, "w1") ? "present" : "absent", *find(&m, "w2") ? "present" : "absent");

  int agree = 0, hits = 0;
  for (int i = 0; i < 60; i++) {
    char w[32];
    sprintf(w, "w%d w%d", i, i * 7 % 100);
    const char *a = strstr(text, w), *b = horspool(text, n, w);
    agree += a == b;
    hits += b != NULL;
  }
  printf("search: %d of 60 agree, %d found\n", agree, hits);

  static const char *const exprs[] = {"1 + 2 * 3", "(1+2)*3 - -4", "2*(3+4)*5 % 9", "100/(5-5)", "7 +", "(1", "9223372036854775807/3/5", "((((((((((1))))))))))*2"};
  for (unsigned i = 0; i < sizeof exprs / sizeof *exprs; i++) evaluate(exprs[i]);
  char deep[200];
  memset(deep, '(', 199);
  deep[199] = 0;
  evaluate(deep);
  return 0;
}
