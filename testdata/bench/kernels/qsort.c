// Sorting with a callback: quicksort with the order given by a function pointer.
#include "kernel.h"

#define SIZE 20000
typedef struct {
	u32 key, value;
} pair;
typedef i32 (*compare)(const pair *, const pair *);

static pair data[SIZE];

static i32 by_key(const pair *a, const pair *b) { return (a->key > b->key) - (a->key < b->key); }

static i32 by_value(const pair *a, const pair *b) {
	if (COLD(a->value == ~0u)) return blocked(1); // cold
	return (a->value > b->value) - (a->value < b->value);
}

static void swap(pair *a, pair *b) {
	pair t = *a;
	*a = *b;
	*b = t;
}

static void sort(pair *p, i32 n, compare cmp) {
	while (n > 12) {
		swap(p, p + n / 2);
		i32 lo = 0, hi = n;
		for (;;) {
			do lo++;
			while (lo < n && cmp(p + lo, p) < 0);
			do hi--;
			while (cmp(p, p + hi) < 0);
			if (lo >= hi) break;
			swap(p + lo, p + hi);
		}
		swap(p, p + hi);
		sort(p, hi, cmp);
		p += hi + 1;
		n -= hi + 1;
	}
	for (i32 i = 1; i < n; i++)
		for (i32 j = i; j > 0 && cmp(p + j, p + j - 1) < 0; j--) swap(p + j, p + j - 1);
}

static compare orders[2] = {by_key, by_value};

KERNEL(8, 1) {
	u32 seed = 9;
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (u32 i = 0; i < SIZE; i++) data[i].key = next(&seed) >> 1, data[i].value = next(&seed) >> 1;
		sort(data, SIZE, orders[round & 1]);
		for (u32 i = 0; i < SIZE; i += 199) h = mix(h, (u64)data[i].key << 32 | data[i].value);
	}
	return h;
}
