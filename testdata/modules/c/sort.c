// Sorting through function pointers: the library's qsort, merge sort, heap sort, insertion
// sort of short runs, and bsearch. One comparison now and then sleeps, so that the process
// is suspended below a callback of the C library.
#include "guest.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int Compare(const void *, const void *);

typedef struct {
  uint32_t key;
  char name[12];
  double weight;
} Record;

static long compared, sleep_every;

static int by_key(const void *a, const void *b) {
  uint32_t x = ((const Record *)a)->key, y = ((const Record *)b)->key;
  if (sleep_every && ++compared % sleep_every == 0) usleep(1000);
  return (x > y) - (x < y);
}
static int by_name(const void *a, const void *b) { return strcmp(((const Record *)a)->name, ((const Record *)b)->name); }
static int by_weight(const void *a, const void *b) {
  double x = ((const Record *)a)->weight, y = ((const Record *)b)->weight;
  return x == y ? by_key(a, b) : (x > y) - (x < y);
}

static void swap(Record *a, Record *b) {
  Record t = *a;
  *a = *b;
  *b = t;
}

static void insertion(Record *a, size_t n, Compare *cmp) {
  for (size_t i = 1; i < n; i++)
    for (size_t j = i; j > 0 && cmp(&a[j - 1], &a[j]) > 0; j--) swap(&a[j - 1], &a[j]);
}

static void merge(Record *a, Record *tmp, size_t n, Compare *cmp) {
  if (n <= 8) {
    insertion(a, n, cmp);
    return;
  }
  size_t half = n / 2, i = 0, j = half;
  merge(a, tmp, half, cmp);
  merge(a + half, tmp, n - half, cmp);
  memcpy(tmp, a, n * sizeof *a);
  for (size_t k = 0; k < n; k++) a[k] = j == n || (i < half && cmp(&tmp[i], &tmp[j]) <= 0) ? tmp[i++] : tmp[j++];
}

static void merge_sort(Record *a, size_t n, Compare *cmp) {
  Record *tmp = malloc(n * sizeof *tmp);
  if (!tmp) exit(70);
  merge(a, tmp, n, cmp);
  free(tmp);
}

static void sift(Record *a, size_t at, size_t n, Compare *cmp) {
  for (size_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && cmp(&a[child], &a[child + 1]) < 0) child++;
    if (cmp(&a[at], &a[child]) >= 0) return;
    swap(&a[at], &a[child]);
  }
}

static void heap_sort(Record *a, size_t n, Compare *cmp) {
  for (size_t i = n / 2; i-- > 0;) sift(a, i, n, cmp);
  for (size_t i = n; i-- > 1;) {
    swap(&a[0], &a[i]);
    sift(a, 0, i, cmp);
  }
}

static void library(Record *a, size_t n, Compare *cmp) { qsort(a, n, sizeof *a, cmp); }

enum { N = 12000 };
static Record records[N], work[N];

// digest depends on the order of the records.
static uint32_t digest(const Record *a, size_t n) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < n; i++) h = (h ^ a[i].key) * 16777619u;
  return h;
}

int main(void) {
  for (int i = 0; i < N; i++) {
    Record *r = &records[i];
    r->key = random32();
    snprintf(r->name, sizeof r->name, "%08x", random32());
    r->weight = r->key % 4096 / 16.0;
  }
  static const struct { const char *name; void (*sort)(Record *, size_t, Compare *); } sorts[] = {{"qsort", library}, {"merge", merge_sort}, {"heap", heap_sort}};
  static const struct { const char *name; Compare *cmp; } orders[] = {{"key", by_key}, {"name", by_name}, {"weight", by_weight}};
  for (int o = 0; o < 3; o++)
    for (int s = 0; s < 3; s++) {
      memcpy(work, records, sizeof work);
      compared = 0;
      sleep_every = o == 0 ? 50000 : 0;
      sorts[s].sort(work, N, orders[o].cmp);
      bool sorted = true;
      for (int i = 1; i < N; i++) sorted &= orders[o].cmp(&work[i - 1], &work[i]) <= 0;
      printf("%-5s by %-6s %s, digest %08x\n", sorts[s].name, orders[o].name, sorted ? "sorted" : "NOT SORTED", digest(work, N));
    }
  qsort(work, N, sizeof *work, by_key);
  int found = 0;
  for (int i = 0; i < N; i++) found += bsearch(&records[i], work, N, sizeof *work, by_key) != NULL;
  printf("bsearch found %d of %d, smallest %08x, largest %08x\n", found, N, work[0].key, work[N - 1].key);
  return 0;
}
