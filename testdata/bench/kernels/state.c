// A state machine as CoreMark uses it: what kind of number is in the text?
#include "kernel.h"

enum { START, SIGN, INT, POINT, FRACTION, EXP, EXPSIGN, SCIENCE, BAD };

static const char text[] = "5012,1234.500,-874,+122,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^,";
static u32 seen[9], moves[9];

static NOINLINE const char *scan(const char *p) {
	i32 s = START;
	for (; *p && *p != ','; p++) {
		char c = *p;
		i32 digit = c >= '0' && c <= '9', from = s;
		switch (s) {
		case START: s = digit ? INT : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : BAD; break;
		case SIGN: s = digit ? INT : c == '.' ? POINT : BAD; break;
		case INT: s = digit ? INT : c == '.' ? FRACTION : c == 'e' ? EXP : BAD; break;
		case POINT: s = digit ? FRACTION : BAD; break;
		case FRACTION: s = digit ? FRACTION : c == 'e' ? EXP : BAD; break;
		case EXP: s = digit ? SCIENCE : c == '+' || c == '-' ? EXPSIGN : BAD; break;
		case EXPSIGN:
		case SCIENCE: s = digit ? SCIENCE : BAD; break;
		default: break;
		}
		if (s != from) moves[s]++;
	}
	seen[s]++;
	return *p ? p + 1 : p;
}

KERNEL(70000, 5000) {
	if (n <= 0) return blocked(n);
	for (i32 i = 0; i < 9; i++) seen[i] = moves[i] = 0;
	for (i32 i = 0; i < n; i++)
		for (const char *p = text + i % 5; *p;) p = scan(p);
	u64 h = 0;
	for (i32 i = 0; i < 9; i++) h = mix(h, (u64)seen[i] << 32 | moves[i]);
	return h;
}
