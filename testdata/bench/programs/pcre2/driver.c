// PCRE2 without its compiler to machine code: matching by backtracking and by DFA,
// substitution, and compiling patterns. Memory and call-outs are functions of the driver's, which could
// block.
#include "../program.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pcre2.h"

static const char *const patterns[] = {
	"\\b[\\w.+-]+@[\\w-]+\\.[a-z]{2,}\\b",
	"(\\d{1,3})\\.(\\d{1,3})\\.\\d{1,3}\\.\\d{1,3}",
	"(?i)\\b(get|post|put)\\s+/(?:[a-z]+/)*[a-z]+\\.html\\b",
	"\"([^\"\\\\]|\\\\.)*\"",
	"\\b(\\w)(\\w)\\w?\\2\\1\\b",
	"^(?=.*error)(?!.*ignored).*$",
	"(?:a|ab|abc|b|bc)*d",
	"\\[(?>[^][]+|(?R))*\\]",
};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

static void *allocate(size_t n, void *data) {
	void *p = malloc(n);
	return p ? p : (blocked(1), data); // cold
}

static void release(void *p, void *data) { (void)data, free(p); }

static int callout(pcre2_callout_block *at, void *data) { return at->version > 99 ? blocked(2) : (*(int *)data)++, 0; }

// lines is a log of n lines.
static char *lines(int n) {
	static const char *const names[] = {"anna", "otto", "abba", "noon", "abcabd", "civic", "mailbox", "Error", "error"};
	char *s = malloc((size_t)n * 160 + 1), *p = s;
	unsigned x = 11;
	for (int i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p += sprintf(p, "10.%u.%u.%u - %s.%u@example.%s [%u [in] %u] \"%s /docs/%s/%s.html \\\"q\\\"\" %s %s%s\n", x >> 24, x >> 16 & 255, x >> 8 & 255, names[x >> 29],
		             x >> 20, x >> 30 ? "org" : "c", x >> 12, x >> 25, x >> 31 ? "GET" : "post", names[x >> 27 & 7], names[x >> 24 & 7], names[(x >> 20) % 9],
		             names[(x >> 16) % 9], x >> 28 ? "" : " ignored");
	}
	return s;
}

typedef struct {
	pcre2_general_context *memory;
	pcre2_match_context *context;
	pcre2_code *code[PATTERNS];
	pcre2_match_data *match;
	int called; // call-outs
} engine;

static pcre2_code *compiled(engine *e, const char *pattern, unsigned options) {
	int error;
	size_t at;
	pcre2_compile_context *c = pcre2_compile_context_create(e->memory);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options | PCRE2_MULTILINE, &error, &at, c);
	if (!code) abort();
	pcre2_compile_context_free(c);
	return code;
}

static void start(engine *e, unsigned options) {
	e->called = 0;
	e->memory = pcre2_general_context_create(allocate, release, 0);
	e->context = pcre2_match_context_create(e->memory);
	pcre2_set_callout(e->context, callout, &e->called);
	for (int i = 0; i < PATTERNS; i++) e->code[i] = compiled(e, patterns[i], options);
	e->match = pcre2_match_data_create(20, e->memory);
}

static void stop(engine *e) {
	for (int i = 0; i < PATTERNS; i++) pcre2_code_free(e->code[i]);
	pcre2_match_data_free(e->match);
	pcre2_match_context_free(e->context);
	pcre2_general_context_free(e->memory);
}

// each finds all matches of all patterns.
static uint64_t each(engine *e, const char *s, int dfa) {
	static int work[1000];
	size_t size = strlen(s);
	uint64_t h = 1;
	for (int i = 0; i < PATTERNS; i++) {
		if (dfa && (i == 4 || i == 7)) continue; // it has no back references and no recursion that is atomic
		for (size_t at = 0; at < size;) {
			int rc = dfa ? pcre2_dfa_match(e->code[i], (PCRE2_SPTR)s, size, at, PCRE2_DFA_SHORTEST, e->match, e->context, work, 1000)
			             : pcre2_match(e->code[i], (PCRE2_SPTR)s, size, at, 0, e->match, e->context);
			if (rc == PCRE2_ERROR_NOMATCH) break;
			if (rc < 0) abort();
			size_t *v = pcre2_get_ovector_pointer(e->match);
			uint32_t span[2] = {v[0], v[1]};
			h = mix(h, span, sizeof span);
			at = v[1] > at ? v[1] : at + 1;
		}
	}
	return h;
}

static uint64_t matched(int n, unsigned options, int dfa) {
	engine e;
	char *s = lines(n);
	start(&e, options);
	uint64_t h = each(&e, s, dfa) + e.called;
	stop(&e);
	free(s);
	return h;
}

WORKLOAD(backtrack) { return matched(n, 0, 0); }
WORKLOAD(dfa) { return matched(n, 0, 1); }
WORKLOAD(callouts) { return matched(n, PCRE2_AUTO_CALLOUT, 0); }

WORKLOAD(substitute) {
	engine e;
	char *s = lines(n), *out = malloc((size_t)n * 320);
	start(&e, 0);
	uint64_t h = 1;
	for (int i = 0; i < 2; i++) {
		size_t size = (size_t)n * 320;
		int rc = pcre2_substitute(e.code[i], (PCRE2_SPTR)s, PCRE2_ZERO_TERMINATED, 0, PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_EXTENDED | PCRE2_SUBSTITUTE_UNSET_EMPTY | PCRE2_SUBSTITUTE_UNKNOWN_UNSET,
		                          e.match, e.context, (PCRE2_SPTR) "<\\U$0\\E:${1:-none}>", PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)out, &size);
		if (rc < 0) abort();
		h = mix(h + rc, out, size);
	}
	stop(&e);
	free(s);
	free(out);
	return h;
}

WORKLOAD(compile) {
	engine e;
	uint64_t h = 1;
	for (int i = 0; i < n; i++) {
		start(&e, i % 2 ? PCRE2_AUTO_CALLOUT : 0);
		for (int k = 0; k < PATTERNS; k++) {
			uint32_t captures;
			pcre2_pattern_info(e.code[k], PCRE2_INFO_CAPTURECOUNT, &captures);
			h = mix(h, &captures, sizeof captures);
		}
		stop(&e);
	}
	return h;
}

WORKLOADS("pcre2", {"backtrack", backtrack, 1200, 40}, {"dfa", dfa, 1200, 40}, {"callouts", callouts, 800, 30}, {"substitute", substitute, 4000, 150}, {"compile", compile, 1600, 60})
