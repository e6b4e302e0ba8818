// cJSON: parse a document, print one, and query and change one. Memory comes from
// functions of the driver's, which could block.
#include "../program.h"
#include "cJSON.h"

static void *allocate(size_t n) {
	void *p = malloc(n);
	if (__builtin_expect(!p, 0)) blocked(1); // cold
	return p;
}

// text writes an array of n records, and leaves no room at its end.
static char *text(int n) {
	char *s = malloc((size_t)n * 320 + 8), *p = s;
	unsigned x = 5;
	*p++ = '[';
	for (int i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p += sprintf(p,
		             "%s\n {\"id\": %d, \"name\": \"user \\u00e%u %u\", \"mail\": \"u%u@example.org\", \"active\": %s,"
		             " \"balance\": %u.%02u, \"tags\": [\"a%u\", \"\\\"quoted\\\"\", \"tab\\t\"], \"at\": {\"x\": -%u, \"y\": %ue-3, \"z\": null}}",
		             i ? "," : "", i, x >> 28, x >> 20, x >> 16, x >> 31 ? "true" : "false", x >> 18, (x >> 10) % 100, x >> 24, x >> 22, x >> 12);
	}
	strcpy(p, "]\n");
	return s;
}

static cJSON *parsed(const char *s) {
	cJSON *doc = cJSON_Parse(s);
	if (!doc) abort();
	return doc;
}

static void setup(void) { cJSON_InitHooks(&(cJSON_Hooks){allocate, free}); }

static uint64_t number(uint64_t h, double d) { return mix(h, &d, sizeof d); }

WORKLOAD(parse) {
	setup();
	char *s = text(n);
	cJSON *doc = parsed(s), *e;
	uint64_t h = 1;
	cJSON_ArrayForEach(e, doc) {
		cJSON *id = e->child, *name = id->next;
		h = number(mix(h, name->valuestring, strlen(name->valuestring)), id->valuedouble);
	}
	cJSON_Delete(doc);
	free(s);
	return h;
}

// What is printed has been parsed at the first call.
WORKLOAD(print) {
	static cJSON *doc;
	static int records;
	setup();
	if (records != n) {
		char *s = text(n);
		cJSON_Delete(doc);
		doc = parsed(s);
		free(s);
		records = n;
	}
	char *out = cJSON_PrintUnformatted(doc);
	uint64_t h = mix(1, out, strlen(out));
	free(out);
	out = cJSON_Print(doc);
	h = mix(h, out, strlen(out));
	free(out);
	return h;
}

// Looks names up, copies, compares and changes.
WORKLOAD(query) {
	setup();
	char *s = text(n);
	cJSON *doc = parsed(s), *copy = cJSON_Duplicate(doc, 1), *e;
	uint64_t h = cJSON_Compare(doc, copy, 1);
	for (int round = 0; round < 10; round++)
		cJSON_ArrayForEach(e, copy) {
			cJSON *at = cJSON_GetObjectItemCaseSensitive(e, "at"), *balance = cJSON_GetObjectItem(e, "BALANCE");
			cJSON *x = cJSON_GetObjectItem(at, "X"), *tags = cJSON_GetObjectItem(e, "tags");
			h = number(h, balance->valuedouble + x->valuedouble);
			cJSON_SetNumberValue(balance, balance->valuedouble + round);
			cJSON_ReplaceItemInObject(at, "z", cJSON_CreateNumber(round));
			if (round % 4 == 0) cJSON_AddItemToArray(tags, cJSON_CreateString("more"));
		}
	h = h * 2 + cJSON_Compare(doc, copy, 1);
	cJSON_Delete(doc);
	cJSON_Delete(copy);
	free(s);
	return h;
}

WORKLOADS("cjson", {"parse", parse, 3000, 120}, {"print", print, 2000, 40}, {"query", query, 2000, 50})
