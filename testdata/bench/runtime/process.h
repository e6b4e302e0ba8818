// What the guests of lunatic-bench runtime share: the host functions of Lunatic that
// they use, and those of the bench. A guest's first process runs the export "run"; it
// calls begin and done around what is measured, and done says what came out.
#ifndef PROCESS_H
#define PROCESS_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(#name))) void name

IMPORT("bench", "begin") void begin(void);
IMPORT("bench", "done") void done(u64 result);
IMPORT("bench", "now") u64 now(void); // nanoseconds
IMPORT("bench", "latency") void latency(u64 nanoseconds);
// hold returns when the memory has been measured, or what else goes on outside.
IMPORT("bench", "hold") void hold(void);

IMPORT("lunatic::process", "spawn")
u32 spawn(i64 link, i64 config, i64 module, const char *func, u32 func_len, const void *params, u32 params_len, u64 *id);
IMPORT("lunatic::process", "process_id") u64 self(void);
IMPORT("lunatic::process", "kill") void kill(u64 id);
IMPORT("lunatic::message", "create_data") void create_data(i64 tag, u64 capacity);
IMPORT("lunatic::message", "write_data") u32 write_data(const void *p, u32 n);
IMPORT("lunatic::message", "read_data") u32 read_data(void *p, u32 n);
IMPORT("lunatic::message", "get_tag") i64 get_tag(void);
IMPORT("lunatic::message", "send") u32 send_message(u64 to);
IMPORT("lunatic::message", "receive") u32 receive(const i64 *tags, u32 ntags, u64 timeout);

#define FOREVER (~0ull)
#define CHECK(x) ((x) ? (void)0 : __builtin_trap())

// start spawns an export of this module with n arguments of type i64.
static inline u64 start(const char *func, u32 func_len, u32 n, const u64 *args) {
	u8 params[4 * 17];
	u64 id;
	for (u32 i = 0; i < n; i++) {
		params[17 * i] = 0x7e; // i64
		__builtin_memcpy(params + 17 * i + 1, args + i, 8);
	}
	CHECK(spawn(0, -1, -1, func, func_len, params, 17 * n, &id) == 0);
	return id;
}
#define START(func, ...) start(#func, sizeof #func - 1, sizeof((u64[]){__VA_ARGS__}) / 8, (u64[]){__VA_ARGS__})

// Messages are a tag and a number of eight bytes, as {Tag, Number} in Erlang. With DATA
// defined they are sent and received by one host call each, which Lunatic does not have.
#ifdef DATA
IMPORT("lunatic::message", "send_data") u32 send_data(u64 to, i64 tag, const void *p, u32 n);
IMPORT("lunatic::message", "receive_data")
u32 receive_data(const i64 *tags, u32 ntags, u64 timeout, void *p, u32 n, u64 info[3]);

static inline void put(u64 to, i64 tag, u64 v) { send_data(to, tag, &v, 8); }

static inline u64 take_from(const i64 *tags, u32 ntags) {
	u64 v, info[3]; // size, tag, process that died
	CHECK(receive_data(tags, ntags, FOREVER, &v, 8, info) == 0);
	CHECK(info[0] == 8);
	return v;
}
#else
static inline void put(u64 to, i64 tag, u64 v) {
	create_data(tag, 8);
	write_data(&v, 8);
	send_message(to);
}

static inline u64 take_from(const i64 *tags, u32 ntags) {
	u64 v;
	CHECK(receive(tags, ntags, FOREVER) == 0);
	CHECK(read_data(&v, 8) == 8);
	return v;
}
#endif

// take waits for any message.
static inline u64 take(void) { return take_from(0, 0); }

// take_tagged waits for a message with this tag.
static inline u64 take_tagged(i64 tag) { return take_from(&tag, 1); }
#endif
