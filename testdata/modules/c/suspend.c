// Sleeps wherever a stack can look different: below recursion, in the middle of it, in a
// callback of qsort, behind function pointers, between live values of every type, inside
// expressions and loops, with large frames in linear memory, and with many results.
#include "guest.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static int naps;
static volatile int zero; // keeps the compiler from knowing what nap returns

// nap sleeps and returns its argument, so that it can stand in an expression.
static NOINLINE int nap(int v) {
  naps++;
  nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  return v + zero;
}
static NOINLINE double nap_f(double v) {
  naps++;
  usleep(1000);
  return v + zero;
}

// Sleep at the leaves.
static NOINLINE int tree(int depth) {
  if (depth == 0) return nap(1);
  int left = tree(depth - 1);
  return left + tree(depth - 1) * 2;
}

// 1000 frames, one sleep in the middle on the way down, one on the way up.
static NOINLINE long deep(int n, long a, double b) {
  if (n == 0) return a + (long)b;
  if (n == 500) a += nap(1);
  long r = deep(n - 1, a + n, b + 0.5);
  if (n == 250) r += nap(1);
  return r * 3 % 1000003 + a % 7;
}

// Mutual recursion through a table, arguments of all types.
typedef double Step(int, int64_t, float, double);
static NOINLINE double even(int n, int64_t a, float b, double c);
static NOINLINE double odd(int n, int64_t a, float b, double c);
static Step *const steps[] = {even, odd};
static NOINLINE double even(int n, int64_t a, float b, double c) {
  if (n == 0) return nap_f(a + b + c);
  return steps[(n - 1) & 1](n - 1, a * 3 + n, b * 0.5f + n, c + b) + a % 5;
}
static NOINLINE double odd(int n, int64_t a, float b, double c) {
  if (n % 9 == 0) nap(0);
  return steps[(n - 1) & 1](n - 1, a - n, b + 1.25f, c * 0.75) + c;
}

// Live values of every type over the sleep, and operands on the stack: the left operands of
// each expression are computed before the call.
static NOINLINE void values(void) {
  uint32_t i = 7;
  uint64_t l = 1ll << 40 | 5;
  float f = 1.5f;
  double d = 1.0 / 3;
  for (int k = 0; k < 6; k++) {
    i = (i * 31 + k) ^ nap(i & 255);
    l = l * 6364136223846793005ll + (l >> 33) + nap(k);
    f = f * 0.5f + (float)nap(k) + f;
    d = (d + k) * (d - k) + nap_f(d) - (double)f;
    if (d > 1e6 || d < -1e6) d = 1.0 / (k + nap(3));
  }
  printf("values %u %lld %.6g %.15g\n", i, (long long)l, f, d);
}

static int calls;
static int compare(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  if (++calls % 100 == 0) return nap(x > y) - (x < y);
  return (x > y) - (x < y);
}

static NOINLINE void callback(void) {
  int a[200];
  for (int i = 0; i < 200; i++) a[i] = random32() % 1000;
  qsort(a, 200, sizeof *a, compare);
  bool sorted = true;
  for (int i = 1; i < 200; i++) sorted &= a[i - 1] <= a[i];
  printf("callback %s %d %d %d\n", sorted ? "sorted" : "NOT SORTED", a[0], a[100], a[199]);
}

// A large struct by value, a large frame, pointers into the frames of callers.
typedef struct { int v[64]; double w; } Big;
static NOINLINE Big fill(Big b, int n, int *total) {
  char pad[2000];
  memset(pad, n, sizeof pad);
  b.v[n] = nap(n) * n;
  *total += b.v[n];
  b.w += pad[nap(1999)];
  return n ? fill(b, n - 1, total) : b;
}

// A state machine: a switch in a loop, left and entered at each case.
static NOINLINE int machine(const char *s) {
  int state = 0, score = 0;
  for (; *s; s++) {
    switch (state) {
    case 0: state = *s == 'a' ? 1 : *s == 'b' ? 2 : 0; score += nap(1); break;
    case 1: state = *s == 'b' ? 2 : 3; score = score * 2 + 1; break;
    case 2: if (*s == 'c') { score += nap(10); state = 3; break; } // falls through
    case 3: state = 0; score ^= 0x55; continue;
    }
    score++;
  }
  return score;
}

int main(void) {
  printf("tree %d\n", tree(4)); // 3^4 = 81
  printf("deep %ld\n", deep(1000, 1, 0.25));
  printf("steps %.10g\n", steps[0](40, 1, 0.5f, 2.0));
  values();
  int total = 0;
  Big b = fill((Big){.w = 0.5}, 8, &total);
  printf("big %d %d %d %g, total %d\n", b.v[0], b.v[4], b.v[8], b.w, total); // squares: 0 16 64, 36.5, 204
  printf("machine %d\n", machine("abcabbacaaabcbbc"));
  printf("naps %d\n", naps);
  callback(); // last: how often a qsort compares is its own affair
  return 0;
}
