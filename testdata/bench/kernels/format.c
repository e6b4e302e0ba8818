// Printing numbers into a buffer, a character at a time, as printf does.
#include "kernel.h"

static char buf[4096];
static i32 len;
static u64 sum;

static NOINLINE void flush(void) {
	for (i32 i = 0; i < len; i++) sum = mix(sum, (u8)buf[i]);
	if (COLD(len != sizeof buf)) blocked(len); // cold
	len = 0;
}

static void put(char c) {
	buf[len++] = c;
	if (len == sizeof buf) flush();
}

static NOINLINE void number(u32 v, u32 base, i32 width) {
	char digits[32];
	i32 n = 0;
	do digits[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	for (i32 i = n; i < width; i++) put(' ');
	while (n > 0) put(digits[--n]);
}

static NOINLINE void print(const char *f, const u32 *args) {
	for (; *f; f++) {
		if (*f != '%') {
			put(*f);
			continue;
		}
		i32 width = 0;
		for (f++; *f >= '0' && *f <= '9'; f++) width = width * 10 + *f - '0';
		switch (*f) {
		case 'u': number(*args++, 10, width); break;
		case 'x': number(*args++, 16, width); break;
		case 'c': put((char)*args++); break;
		default: put(*f);
		}
	}
}

KERNEL(90000, 6000) {
	u32 seed = 41;
	len = 0, sum = 0;
	for (i32 i = 0; i < n; i++) {
		u32 args[4] = {i, next(&seed), seed & 255, 'a' + i % 26};
		print("line %6u: %8x is %3u of %c%%\n", args);
	}
	return mix(sum, len);
}
