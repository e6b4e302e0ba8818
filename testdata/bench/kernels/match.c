// A backtracking matcher of patterns with . * + ? and ^ $, by recursion.
#include "kernel.h"

static i32 here(const char *p, const char *s);

static i32 one(char p, char c) { return c && (p == '.' || p == c); }

static NOINLINE i32 many(const char *p, const char *s, i32 least) {
	i32 n = 0;
	while (one(p[0], s[n])) n++;
	for (; n >= least; n--)
		if (here(p + 2, s + n)) return 1;
	return 0;
}

static NOINLINE i32 here(const char *p, const char *s) {
	for (;; p++, s++) {
		if (!*p) return 1;
		if (COLD(*p == '!')) return blocked(*s); // cold
		if (p[1] == '*') return many(p, s, 0);
		if (p[1] == '+') return many(p, s, 1);
		if (p[1] == '?') return one(*p, *s) && here(p + 2, s + 1) ? 1 : here(p + 2, s);
		if (*p == '$' && !p[1]) return !*s;
		if (!one(*p, *s)) return 0;
	}
}

static i32 search(const char *p, const char *s) {
	if (*p == '^') return here(p + 1, s) ? 0 : -1;
	for (i32 i = 0;; i++) {
		if (here(p, s + i)) return i;
		if (!s[i]) return -1;
	}
}

static const char *const patterns[] = {"^GET .*HTTP", "a.*b.*c.*d$", "el+o", "colou?r", "x*y*z*$", "b.b.b+a", "zz+top", "^.*fox.*dog"};
static const char *const lines[] = {
	"GET /index.html HTTP/1.1", "the quick brown fox jumps over the lazy dog", "hello, world", "what colour is it, what color",
	"aaabbbcccdddaaabbbcccddd", "babababbbbaabababbbabbba", "xxxxxyyyyyyzzzzzz", "nothing to see here, zztop aside",
};

KERNEL(1000, 80) {
	u64 h = 0;
	for (i32 i = 0; i < n; i++)
		for (i32 p = 0; p < 8; p++)
			for (i32 l = 0; l < 8; l++) h = mix(h, search(patterns[p], lines[(l + i) & 7]));
	return h;
}
