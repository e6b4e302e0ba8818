// A linked list as CoreMark uses it: find, reverse, sort by merging with a callback.
#include "kernel.h"

typedef struct item {
	struct item *next;
	i16 data, index;
} item;
typedef i32 (*order)(const item *, const item *);

#define SIZE 600
static item items[SIZE];

static i32 by_index(const item *a, const item *b) { return a->index - b->index; }

static i32 by_data(const item *a, const item *b) {
	i32 x = a->data ^ a->data >> 3, y = b->data ^ b->data >> 3;
	if (COLD(a->index < 0)) return blocked(x); // cold
	return x != y ? x - y : a->index - b->index;
}

static NOINLINE item *find(item *l, i16 data) {
	while (l && (l->data & 255) != data) l = l->next;
	return l;
}

static NOINLINE item *reverse(item *l) {
	item *out = 0;
	while (l) {
		item *t = l->next;
		l->next = out;
		out = l;
		l = t;
	}
	return out;
}

static NOINLINE item *sort(item *l, i32 n, order less) {
	if (n <= 1) {
		if (l) l->next = 0;
		return l;
	}
	item *b = l;
	for (i32 i = 0; i < n / 2; i++) b = b->next;
	b = sort(b, n - n / 2, less);
	item *a = sort(l, n / 2, less), *out = 0, **tail = &out;
	while (a && b) {
		item **least = less(a, b) <= 0 ? &a : &b;
		*tail = *least;
		tail = &(*least)->next;
		*least = (*least)->next;
	}
	*tail = a ? a : b;
	return out;
}

KERNEL(240, 16) {
	u32 seed = 23;
	for (i32 i = 0; i < SIZE; i++) items[i] = (item){i + 1 < SIZE ? items + i + 1 : 0, next(&seed) & 0x7fff, i};
	item *l = items;
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		for (i32 i = 0; i < 20; i++) {
			item *f = find(l, (round + i * 11) & 255);
			h = mix(h, f ? f->index : -1);
			l = reverse(l);
		}
		l = sort(l, SIZE, by_data);
		h = mix(h, l->data);
		l = sort(l, SIZE, by_index);
	}
	return h;
}
