// Virtual calls: objects of five classes, each with a table of functions.
#include "kernel.h"

typedef struct shape shape;
typedef struct {
	i32 (*area)(const shape *);
	void (*grow)(shape *, i32);
} class;
struct shape {
	const class *class;
	i32 a, b;
};

static i32 area_rect(const shape *s) { return s->a * s->b; }
static i32 area_square(const shape *s) { return s->a * s->a; }
static i32 area_triangle(const shape *s) { return s->a * s->b / 2; }
static i32 area_circle(const shape *s) { return s->a * s->a * 355 / 113; }
static i32 area_remote(const shape *s) { return blocked(s->a); } // cold: never made
static void grow_both(shape *s, i32 d) { s->a = (s->a + d) & 1023, s->b = (s->b + d) & 1023; }
static void grow_one(shape *s, i32 d) { s->a = (s->a ^ d) & 1023; }

static const class classes[] = {
	{area_rect, grow_both}, {area_square, grow_one}, {area_triangle, grow_both}, {area_circle, grow_one}, {area_remote, grow_one},
};

#define SIZE 1000
static shape shapes[SIZE];

KERNEL(1700, 110) {
	u32 seed = 43;
	for (i32 i = 0; i < SIZE; i++) shapes[i] = (shape){&classes[next(&seed) % 4], seed >> 8 & 255, seed >> 16 & 255};
	u64 h = 0;
	for (i32 round = 0; round < n; round++) {
		u32 total = 0;
		for (i32 i = 0; i < SIZE; i++) {
			shape *s = shapes + i;
			total += s->class->area(s);
			s->class->grow(s, round);
		}
		h = mix(h, total);
	}
	return h;
}
