// A mix as CoreMark has it: list, matrix of 16-bit numbers, state machine, and a CRC
// of all results.
#include "kernel.h"

typedef struct item {
	struct item *next;
	i16 data, index;
} item;

#define ITEMS 120
#define N 18
static item items[ITEMS];
static i16 a[N][N], b[N][N];
static i32 c[N][N];
static const char text[] = "5012,1234.500,-874,+122,.64400,5.500e+3,-.123e-2,T0.3e-1F,-T.T++Tq,1T3.4e4z,";

static NOINLINE u16 crc(u16 crc, u32 v) {
	for (i32 i = 0; i < 16; i++, v >>= 1) crc = (crc ^ v) & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	return crc;
}

static NOINLINE u16 matrix(u16 sum, i16 by) {
	i32 last = 0, total = 0;
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) {
			c[i][j] = 0;
			for (i32 k = 0; k < N; k++) c[i][j] += (i32)a[i][k] * (i32)(i16)(b[k][j] + by);
		}
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) {
			total += c[i][j] > last ? 10 : c[i][j] >> 5 & 3;
			last = c[i][j];
		}
	return crc(sum, total);
}

static NOINLINE u16 machine(u16 sum, i32 from) {
	u32 count[4] = {0};
	for (const char *p = text + from; *p; p++) {
		switch (*p) {
		case ',': count[0]++; break;
		case '+':
		case '-':
		case '.':
		case 'e': count[1]++; break;
		default: count[*p >= '0' && *p <= '9' ? 2 : 3]++;
		}
	}
	for (i32 i = 0; i < 4; i++) sum = crc(sum, count[i]);
	return sum;
}

static NOINLINE u16 work(item *l, u16 sum) {
	if (COLD(l->index < 0)) return blocked(sum); // cold
	return l->data & 7 ? machine(sum, l->data & 15) : matrix(sum, l->data);
}

static item *insert(item *sorted, item *l) {
	item **at = &sorted;
	while (*at && (*at)->data < l->data) at = &(*at)->next;
	l->next = *at;
	*at = l;
	return sorted;
}

KERNEL(90, 7) {
	u32 seed = 29;
	for (i32 i = 0; i < N; i++)
		for (i32 j = 0; j < N; j++) a[i][j] = next(&seed) & 1023, b[i][j] = next(&seed) & 1023;
	u16 sum = 0;
	for (i32 round = 0; round < n; round++) {
		item *l = 0;
		for (i32 i = 0; i < ITEMS; i++) {
			items[i].data = next(&seed) & 0xfff;
			items[i].index = i;
			l = insert(l, items + i);
		}
		for (; l; l = l->next) sum = work(l, sum);
	}
	return sum;
}
