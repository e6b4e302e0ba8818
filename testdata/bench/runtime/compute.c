// Computing in one process: recursion, sorting, hashing.
#include "process.h"

static u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

EXPORT(run_fib)(u64 n, u64 unused) {
	begin();
	done(fib((u32)n));
}

// What is sorted and hashed: x(i+1) = (x(i) * 1103515245 + 12345) mod 2^31.
static u32 seed;

static u32 next(void) { return seed = (seed * 1103515245 + 12345) & 0x7fffffff; }

#define MOST 100000
static u32 numbers[MOST], other[MOST];

// sort is a merge sort, as lists:sort is. It sorts b; a has the same numbers, and is used.
static void sort(u32 *a, u32 *b, u32 n) {
	if (n <= 8) {
		for (u32 i = 1; i < n; i++) {
			u32 x = b[i], j = i;
			for (; j > 0 && b[j - 1] > x; j--) b[j] = b[j - 1];
			b[j] = x;
		}
		return;
	}
	u32 half = n / 2, i = 0, j = half, k = 0;
	sort(b, a, half);
	sort(b + half, a + half, n - half);
	while (i < half && j < n) b[k++] = a[j] < a[i] ? a[j++] : a[i++];
	while (i < half) b[k++] = a[i++];
	while (j < n) b[k++] = a[j++];
}

EXPORT(run_sort)(u64 n, u64 unused) {
	CHECK(n > 0 && n <= MOST);
	seed = 1;
	for (u64 i = 0; i < n; i++) other[i] = numbers[i] = next();
	begin();
	sort(other, numbers, (u32)n);
	done((u64)numbers[0] + numbers[n / 2] + numbers[n - 1]);
}

#define SIZE 65536
static u8 bytes[SIZE];

static void fill(void) {
	seed = 1;
	for (u32 i = 0; i < SIZE; i++) bytes[i] = (u8)(next() >> 16);
}

// FNV-1a, 32 bits.
EXPORT(run_hash)(u64 rounds, u64 unused) {
	fill();
	begin();
	u32 h = 2166136261u;
	for (u64 r = 0; r < rounds; r++)
		for (u32 i = 0; i < SIZE; i++) h = (h ^ bytes[i]) * 16777619u;
	done(h);
}

static const u32 k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 ror(u32 x, u32 n) { return x >> n | x << (32 - n); }

static void block(u32 *s, const u8 *p) {
	u32 w[64], a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
	for (u32 i = 0; i < 16; i++) w[i] = (u32)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
	for (u32 i = 16; i < 64; i++)
		w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	for (u32 i = 0; i < 64; i++) {
		u32 x = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
		u32 y = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
		h = g, g = f, f = e, e = d + x, d = c, c = b, b = a, a = x + y;
	}
	s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e, s[5] += f, s[6] += g, s[7] += h;
}

// The compression function of SHA-256 over the bytes, rounds times; the first word.
EXPORT(run_sha)(u64 rounds, u64 unused) {
	fill();
	begin();
	u32 s[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	for (u64 r = 0; r < rounds; r++)
		for (u32 i = 0; i < SIZE; i += 64) block(s, bytes + i);
	done(s[0]);
}
