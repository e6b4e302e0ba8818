// A JSON parser and printer: recursive descent both ways, escapes and surrogate pairs,
// shortest numbers, keys sorted through qsort.
#include "guest.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NUL, FALSE_, TRUE_, INT, REAL, STRING, ARRAY, OBJECT } Kind;

typedef struct Node {
  Kind kind;
  struct Node *child, *next; // elements or members in order
  const char *key;
  int nchildren;
  union {
    long long i;
    double d;
    const char *s;
  };
} Node;

typedef struct {
  const char *at, *start;
  const char *error;
  int depth;
} Parser;

// ---- Memory: one arena, emptied as a whole ----

static char arena[1 << 20];
static size_t arena_used;
static void *take(size_t n) {
  n = (n + 7) & ~(size_t)7;
  if (arena_used + n > sizeof arena) {
    puts("arena full");
    exit(70);
  }
  void *p = arena + arena_used;
  arena_used += n;
  return memset(p, 0, n);
}

// ---- Parser ----

static Node *stop(Parser *p, const char *why) {
  if (!p->error) p->error = why;
  return NULL;
}

static void space(Parser *p) { p->at += strspn(p->at, " \t\r\n"); }

static char *put_rune(char *out, unsigned r) {
  if (r < 0x80) {
    *out++ = r;
  } else if (r < 0x800) {
    *out++ = 0xC0 | r >> 6;
    *out++ = 0x80 | (r & 63);
  } else if (r < 0x10000) {
    *out++ = 0xE0 | r >> 12;
    *out++ = 0x80 | (r >> 6 & 63);
    *out++ = 0x80 | (r & 63);
  } else {
    *out++ = 0xF0 | r >> 18;
    *out++ = 0x80 | (r >> 12 & 63);
    *out++ = 0x80 | (r >> 6 & 63);
    *out++ = 0x80 | (r & 63);
  }
  return out;
}

static int hex4(const char *s) {
  int v = 0;
  for (int i = 0; i < 4; i++) {
    char c = s[i];
    int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (d < 0) return -1;
    v = v << 4 | d;
  }
  return v;
}

static const char *parse_string(Parser *p) {
  const char *end = ++p->at;
  while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
  char *out = take(end - p->at + 1), *o = out;
  while (*p->at != '"') {
    unsigned char c = *p->at++;
    if (c < 0x20) return (void *)stop(p, "control character in string");
    if (c != '\\') {
      *o++ = c;
      continue;
    }
    c = *p->at++;
    const char *plain = "\"\\/bfnrt", *mapped = "\"\\/\b\f\n\r\t", *f = c ? strchr(plain, c) : NULL;
    if (f) {
      *o++ = mapped[f - plain];
    } else if (c == 'u') {
      int r = hex4(p->at), low;
      if (r < 0) return (void *)stop(p, "bad \\u");
      p->at += 4;
      if (r >= 0xD800 && r < 0xDC00 && p->at[0] == '\\' && p->at[1] == 'u' && (low = hex4(p->at + 2)) >= 0xDC00 && low < 0xE000) {
        r = 0x10000 + (r - 0xD800) * 1024 + (low - 0xDC00);
        p->at += 6;
      }
      o = put_rune(o, r);
    } else {
      return (void *)stop(p, "bad escape");
    }
  }
  p->at++;
  return out;
}

static Node *parse_value(Parser *p);

static Node *parse_list(Parser *p, Node *n, char close) {
  Node **tail = &n->child;
  p->at++;
  space(p);
  if (*p->at == close) {
    p->at++;
    return n;
  }
  if (++p->depth > 64) return stop(p, "too deep");
  for (;;) {
    const char *key = NULL;
    if (n->kind == OBJECT) {
      space(p);
      if (*p->at != '"') return stop(p, "expected key");
      key = parse_string(p);
      if (p->error) return NULL;
      space(p);
      if (*p->at++ != ':') return stop(p, "expected ':'");
    }
    Node *v = parse_value(p);
    if (!v) return NULL;
    v->key = key;
    *tail = v;
    tail = &v->next;
    n->nchildren++;
    space(p);
    if (*p->at == ',') {
      p->at++;
      continue;
    }
    if (*p->at != close) return stop(p, "expected ',' or end");
    p->at++;
    p->depth--;
    return n;
  }
}

static Node *parse_value(Parser *p) {
  static const struct { const char *word; Kind kind; } words[] = {{"null", NUL}, {"false", FALSE_}, {"true", TRUE_}};
  space(p);
  Node *n = take(sizeof *n);
  char c = *p->at;
  if (c == '"') {
    n->kind = STRING;
    n->s = parse_string(p);
    return p->error ? NULL : n;
  }
  if (c == '[' || c == '{') {
    n->kind = c == '[' ? ARRAY : OBJECT;
    return parse_list(p, n, c == '[' ? ']' : '}');
  }
  if (c == '-' || (c >= '0' && c <= '9')) {
    size_t digits = 1 + strspn(p->at + 1, "0123456789");
    char *end;
    if (strchr(".eE", p->at[digits]) && p->at[digits]) {
      n->kind = REAL;
      n->d = strtod(p->at, &end);
    } else {
      n->kind = INT;
      n->i = strtoll(p->at, &end, 10);
    }
    p->at = end;
    return n;
  }
  for (int i = 0; i < 3; i++)
    if (!strncmp(p->at, words[i].word, strlen(words[i].word))) {
      n->kind = words[i].kind;
      p->at += strlen(words[i].word);
      return n;
    }
  return stop(p, "unexpected character");
}

static Node *parse(const char *text, Parser *p) {
  *p = (Parser){.at = text, .start = text};
  Node *n = parse_value(p);
  if (n) space(p);
  return n && *p->at ? stop(p, "text after value") : n;
}

// ---- Printer ----

static char *out;
static size_t out_len, out_cap;

static void put(const char *s, size_t n) {
  if (out_len + n + 1 > out_cap) {
    out_cap = out_cap * 2 + n + 64;
    out = realloc(out, out_cap);
    if (!out) exit(70);
  }
  memcpy(out + out_len, s, n);
  out[out_len += n] = 0;
}

static void print_string(const char *s) {
  put("\"", 1);
  for (; *s; s++) {
    const char *plain = "\"\\\b\f\n\r\t", *mapped = "\"\\bfnrt", *f = strchr(plain, *s);
    char buf[8];
    if (f) put((char[]){'\\', mapped[f - plain]}, 2);
    else if ((unsigned char)*s < 0x20) put(buf, snprintf(buf, sizeof buf, "\\u%04x", *s));
    else put(s, 1);
  }
  put("\"", 1);
}

static void print_null(const Node *n) { put("null", 4); }
static void print_false(const Node *n) { put("false", 5); }
static void print_true(const Node *n) { put("true", 4); }
static void print_text(const Node *n) { print_string(n->s); }
static void print_int(const Node *n) {
  char buf[24];
  put(buf, snprintf(buf, sizeof buf, "%lld", n->i));
}
static void print_real(const Node *n) { // the shortest text that reads back as the same number
  char buf[32];
  int len = 0;
  for (int digits = 1; digits <= 17; digits++) {
    len = snprintf(buf, sizeof buf, "%.*g", digits, n->d);
    if (strtod(buf, NULL) == n->d) break;
  }
  put(buf, len);
}

static int by_key(const void *a, const void *b) { return strcmp((*(Node *const *)a)->key, (*(Node *const *)b)->key); }

static void print_list(const Node *n);
static void (*const printers[])(const Node *) = {print_null, print_false, print_true, print_int, print_real, print_text, print_list, print_list};

static void print_list(const Node *n) {
  Node **order = malloc((n->nchildren + 1) * sizeof *order);
  int i = 0;
  for (Node *c = n->child; c; c = c->next) order[i++] = c;
  if (n->kind == OBJECT) qsort(order, i, sizeof *order, by_key);
  put(n->kind == OBJECT ? "{" : "[", 1);
  for (int k = 0; k < i; k++) {
    if (k) put(",", 1);
    if (n->kind == OBJECT) {
      print_string(order[k]->key);
      put(":", 1);
    }
    printers[order[k]->kind](order[k]);
  }
  put(n->kind == OBJECT ? "}" : "]", 1);
  free(order);
}

static const char *print(const Node *n) {
  out_len = 0;
  printers[n->kind](n);
  return out;
}

// ---- Work ----

static const char document[] =
    "{\"title\": \"Suspending \\\"guests\\\"\", \"n\": [0, -1, 9007199254740993, 1.5, -0.25, 1e21, 1.5e-07, 3.141592653589793],\n"
    " \"nested\": {\"z\": {\"y\": {\"x\": [[], {}, [[[true, false, null]]]]}}}, \"escapes\": \"a\\tb\\nc\\\\d\\/e\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\u001f\",\n"
    " \"empty\": \"\", \"\": 0, \"B\": 1, \"a\": 2 }";

static const char *const broken[] = {"", "{", "[1,]", "{\"a\" 1}", "\"\\x\"", "\"\\u12g4\"", "[1] 2", "nul", "\"a\nb\""};

// records builds an array of objects as text, the same as the script in README.md.
static char *records(int count) {
  char *text = malloc(count * 96 + 8), *o = text;
  *o++ = '[';
  for (int i = 0; i < count; i++) {
    uint32_t r = random32();
    o += sprintf(o, "%s{\"id\": %d, \"name\": \"user-%x\", \"score\": %d.%d, \"tags\": [%d, %d], \"on\": %s}", i ? ", " : "", i, r, (int)(r % 1000), (int)(r / 1000 % 8 + 1),
                 (int)(r & 15), (int)(r >> 28), r & 1 ? "true" : "false");
  }
  strcpy(o, "]");
  return text;
}

int main(void) {
  Parser p;
  Node *n = parse(document, &p);
  if (!n) {
    printf("error at %ld: %s\n", (long)(p.at - p.start), p.error);
    return 1;
  }
  puts(print(n));
  for (unsigned i = 0; i < sizeof broken / sizeof *broken; i++) printf("broken %u: %s\n", i, parse(broken[i], &p) ? "accepted" : p.error);

  char *text = records(800);
  printf("in  %zu bytes, crc %08x\n", strlen(text), crc32(text, strlen(text)));
  char *first = NULL;
  for (int round = 0; round < 6; round++) {
    arena_used = 0;
    n = parse(first ? first : text, &p);
    if (!n) {
      printf("error at %ld: %s\n", (long)(p.at - p.start), p.error);
      return 1;
    }
    print(n);
    if (!first) first = strdup(out);
    else if (strcmp(first, out)) {
      puts("round trip differs");
      return 1;
    }
  }
  printf("out %zu bytes, crc %08x\n", out_len, crc32(out, out_len));
  return 0;
}
