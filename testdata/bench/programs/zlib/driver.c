// zlib over pages of words and numbers: deflate thoroughly and fast, and inflate. Data
// goes through small buffers, as from a file; filling one could block.
#include "../program.h"
#include "zlib.h"

enum { CHUNK = 4096 };

typedef struct {
	unsigned char *text;
	size_t size, at;
} source;

// page writes about 16 KiB of words that repeat as words do, numbers, and some noise.
static source pages(int n) {
	static const char *const words[] = {"process", "message", "the", "of", "mailbox", "and", "link", "a", "monitor", "to", "signal", "in", "exit", "reason", "is", "registry"};
	source s = {malloc((size_t)n * 16384), (size_t)n * 16384, 0};
	uint32_t x = 17;
	for (size_t at = 0; at < s.size;) {
		char word[24];
		x = x * 1664525 + 1013904223;
		uint32_t pick = x >> 24;
		int len;
		if (pick < 200)
			len = snprintf(word, sizeof word, "%s ", words[pick * pick >> 12 & 15]);
		else if (pick < 250)
			len = snprintf(word, sizeof word, "%u,\n", x >> 12 & 0xffff);
		else
			len = snprintf(word, sizeof word, "%08x", (unsigned)x);
		for (int i = 0; i < len && at < s.size; i++) s.text[at++] = word[i];
	}
	return s;
}

// more hands out the next chunk.
static __attribute__((noinline)) unsigned more(source *s, z_stream *z) {
	if (__builtin_expect(s->at > s->size, 0)) return blocked(1); // cold
	size_t n = s->size - s->at < CHUNK ? s->size - s->at : CHUNK;
	z->next_in = s->text + s->at;
	z->avail_in = n;
	s->at += n;
	return n;
}

static void *allocate(void *opaque, unsigned n, unsigned size) {
	void *p = calloc(n, size);
	return p ? p : (blocked(2), opaque); // cold
}

static void release(void *opaque, void *p) { (void)opaque, free(p); }

// pump runs a stream to its end. Its output is mixed into h and, if there is a place,
// kept there.
static uint64_t pump(z_stream *z, int (*step)(z_stream *, int), source *in, source *out, uint64_t h) {
	static unsigned char buffer[CHUNK];
	for (int rc = Z_OK; rc != Z_STREAM_END;) {
		if (!z->avail_in) more(in, z);
		z->next_out = buffer;
		z->avail_out = CHUNK;
		rc = step(z, in->at == in->size ? Z_FINISH : Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) abort();
		size_t n = CHUNK - z->avail_out;
		h = mix(h, buffer, n);
		if (out) {
			memcpy(out->text + out->size, buffer, n);
			out->size += n;
		}
	}
	return h;
}

static uint64_t pack(source *in, source *out, int level) {
	z_stream z = {.zalloc = allocate, .zfree = release};
	if (deflateInit(&z, level)) abort();
	uint64_t h = pump(&z, deflate, in, out, 1);
	deflateEnd(&z);
	return h;
}

static uint64_t deflated(int n, int level) {
	source s = pages(n);
	uint64_t h = pack(&s, 0, level);
	free(s.text);
	return h;
}

WORKLOAD(thorough) { return deflated(n, 9); }
WORKLOAD(fast) { return deflated(n, 1); }

// What is inflated has been deflated at the first call.
WORKLOAD(inflated) {
	static source packed;
	static int pages_packed;
	if (pages_packed != n) {
		source s = pages(n);
		free(packed.text);
		packed = (source){malloc(s.size), 0, 0};
		pack(&s, &packed, 6);
		free(s.text);
		pages_packed = n;
	}
	uint64_t h = 1;
	for (int round = 0; round < 4; round++) {
		z_stream z = {.zalloc = allocate, .zfree = release};
		packed.at = 0;
		if (inflateInit(&z)) abort();
		h = pump(&z, inflate, &packed, 0, h);
		inflateEnd(&z);
	}
	return h;
}

WORKLOADS("zlib", {"thorough", thorough, 16, 2}, {"fast", fast, 100, 8}, {"inflated", inflated, 80, 6})
