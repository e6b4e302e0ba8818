// Binary trees from a bump allocator: build, walk, throw away.
#include "kernel.h"

typedef struct node {
	struct node *left, *right;
} node;

static node heap[1 << 17];
static i32 used;

static NOINLINE node *alloc(void) {
	if (COLD(used == 1 << 17)) blocked(used); // cold
	return &heap[used++];
}

static NOINLINE node *build(i32 depth) {
	node *t = alloc();
	if (depth == 0) {
		t->left = t->right = 0;
		return t;
	}
	t->left = build(depth - 1);
	t->right = build(depth - 1);
	return t;
}

static NOINLINE i32 count(const node *t) { return t->left ? 1 + count(t->left) + count(t->right) : 1; }

KERNEL(13, 9) {
	u64 h = 0;
	for (i32 depth = 4; depth <= n; depth += 1)
		for (i32 i = 0; i < 1 << (n - depth + 4); i++) {
			used = 0;
			h = mix(h, count(build(depth)));
		}
	return h;
}
