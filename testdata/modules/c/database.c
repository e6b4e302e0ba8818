// lunatic::sqlite through its host functions: a database in a read-only directory, and
// temporary tables, which are in memory.
#include "guest.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(module, name) __attribute__((import_module("lunatic::" module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define NOINLINE __attribute__((noinline))

IMPORT("sqlite", "open") uint64_t db_open(const char *path, size_t n, uint64_t *id);
IMPORT("sqlite", "execute") uint32_t db_execute(uint64_t conn, const char *sql, size_t n);
IMPORT("sqlite", "query_prepare") uint64_t db_prepare(uint64_t conn, const char *sql, size_t n);
IMPORT("sqlite", "bind_value") void db_bind(uint64_t st, const void *data, size_t n);
IMPORT("sqlite", "sqlite3_changes") uint32_t db_changes(uint64_t conn);
IMPORT("sqlite", "statement_reset") void db_reset(uint64_t st);
IMPORT("sqlite", "sqlite3_step") uint32_t db_step(uint64_t st);
IMPORT("sqlite", "sqlite3_finalize") void db_finalize(uint64_t st);
IMPORT("sqlite", "column_count") uint32_t db_column_count(uint64_t st);
IMPORT("sqlite", "column_name") char *db_column_name(uint64_t st, uint32_t column, uint32_t *n);
IMPORT("sqlite", "column_names") uint8_t *db_column_names(uint64_t st, uint32_t *n);
IMPORT("sqlite", "read_column") uint8_t *db_read_column(uint64_t st, uint32_t column, uint32_t *n);
IMPORT("sqlite", "read_row") uint8_t *db_read_row(uint64_t st, uint32_t *n);
IMPORT("sqlite", "last_error") uint8_t *db_last_error(uint64_t conn, uint32_t *n);
IMPORT("error", "string_size") uint32_t error_size(uint64_t id);
IMPORT("error", "to_string") void error_text(uint64_t id, char *to);
IMPORT("process", "sleep_ms") void sleep_ms(uint64_t ms);
IMPORT("trap", "catch") uint32_t catch_trap(uint32_t (*f)(uint32_t), uint32_t arg);

EXPORT("_lunatic_catch_trap") uint32_t catch_entry(uint32_t (*f)(uint32_t), uint32_t arg) { return f(arg); }

static int allocations;

// The host asks here for the blocks that it returns. Waiting in it is unusual, and must do
// no harm.
EXPORT("lunatic_alloc") void *allocate(size_t n) {
  if (++allocations % 16 == 0) sleep_ms(1);
  return malloc(n ? n : 1);
}

enum { ROW = 100, DONE = 101 };

// ---- bincode ----

enum { NONE, NUMBER, NAME };                    // keys
enum { NIL, BLOB, TEXT, DOUBLE, INT32, INT64 }; // values

static uint8_t out[512];
static size_t out_len;

static void put(const void *p, size_t n) {
  memcpy(out + out_len, p, n);
  out_len += n;
}
static void put32(uint32_t v) { put(&v, 4); }
static void put64(uint64_t v) { put(&v, 8); }
static void put_bytes(const void *p, size_t n) {
  put64(n);
  put(p, n);
}
static void begin_list(uint64_t n) {
  out_len = 0;
  put64(n);
}
static void key_number(uint64_t i) {
  put32(NUMBER);
  put64(i);
}
static void key_name(const char *s) {
  put32(NAME);
  put_bytes(s, strlen(s));
}

static uint8_t *in;

static uint32_t get32(void) {
  uint32_t v;
  memcpy(&v, in, 4);
  in += 4;
  return v;
}
static uint64_t get64(void) {
  uint64_t v;
  memcpy(&v, in, 8);
  in += 8;
  return v;
}

static void print_bytes(const char *format) {
  uint64_t n = get64();
  printf(format, (int)n, (char *)in);
  in += n;
}

static void print_value(void) {
  double d;
  switch (get32()) {
  case NIL: printf("null"); break;
  case BLOB:
    printf("x'");
    for (uint64_t n = get64(); n > 0; n--) printf("%02x", *in++);
    printf("'");
    break;
  case TEXT: print_bytes("\"%.*s\""); break;
  case DOUBLE:
    d = 0;
    memcpy(&d, in, 8);
    in += 8;
    printf("%g", d);
    break;
  case INT32: printf("%lld", (long long)get64()); break;
  default: printf("an unknown value\n"); exit(1);
  }
}

// ---- what is tested ----

static uint64_t conn;

static uint32_t execute(const char *sql) { return db_execute(conn, sql, strlen(sql)); }
static uint64_t prepare(const char *sql) { return db_prepare(conn, sql, strlen(sql)); }

static void print_error(void) {
  uint32_t n;
  uint8_t *block = in = db_last_error(conn, &n);
  bool code = *in++;
  printf("  error %u", code ? get32() : 0);
  if (*in++) print_bytes(": %.*s");
  printf("%s\n", in == block + n ? "" : " and a wrong length");
  free(block);
}

static NOINLINE void try(const char *sql) {
  uint32_t code = execute(sql);
  printf("%s: %u\n", sql, code);
  if (code) print_error();
}

static void open_fails(const char *path) {
  uint64_t id = 0;
  char text[200] = "";
  if (db_open(path, strlen(path), &id) != 1) printf("it is open\n");
  error_text(id, text);
  printf("open %s: %.*s\n", path, (int)error_size(id), text);
}

static void print_rows(uint64_t st) {
  uint32_t n;
  uint8_t *names = in = db_column_names(st, &n);
  printf(" ");
  for (uint64_t k = get64(); k > 0; k--) print_bytes(" %.*s");
  printf("%s\n", in == names + n ? "" : " and a wrong length");
  free(names);
  while (db_step(st) == ROW) {
    uint8_t *row = in = db_read_row(st, &n);
    printf(" ");
    for (uint64_t k = get64(); k > 0; k--) {
      printf(" ");
      print_value();
    }
    printf("%s\n", in == row + n ? "" : " and a wrong length");
    free(row);
  }
}

static void query(const char *sql) {
  printf("%s\n", sql);
  uint64_t st = prepare(sql);
  print_rows(st);
  db_finalize(st);
}

// sum reads column 1 of every row by itself, sleeping in between, deep down.
static NOINLINE int64_t sum(uint64_t st, int depth) {
  if (depth > 0) return sum(st, depth - 1) + 1 - 1;
  int64_t total = 0;
  for (int i = 0; db_step(st) == ROW; i++) {
    uint32_t n;
    uint8_t *block = in = db_read_column(st, 1, &n);
    if (get32() == INT32) total += get64();
    free(block);
    if (i % 50 == 0) sleep_ms(1);
  }
  return total;
}

static uint32_t bad_sql(uint32_t _) { return prepare("select * from nowhere") + 1; }

static uint32_t violate(uint32_t _) {
  uint64_t st = prepare("insert into things values ('lamp', 0, null, null)");
  return db_step(st);
}

int main(void) {
  open_fails("/etc/passwd");
  open_fails("/words/../words.db");
  open_fails(":memory:");
  const char *path = "/words/words.db";
  // lunatic-rs passes a null pointer for the id, and takes it for 0.
  uint64_t zero = 0;
  uint64_t *volatile null = 0;
  memcpy(&zero, (void *)null, 8);
  printf("open %s: %llu\n", path, (unsigned long long)db_open(path, strlen(path), null));
  memcpy(&conn, (void *)null, 8);
  printf("connection %llu\n", (unsigned long long)conn);

  query("select word, length(word) as n from words order by n, word");
  try("insert into words values ('more')");
  try("create temp table things(name text primary key, n integer, f, b) -- in memory");
  try("attach '/words/other.db' as other");
  try("select nothing");
  try("");

  uint64_t st = prepare("insert into things values (:name, @n, $f, ?4)");
  const char *names[] = {"lamp", "chair", "k\303\266nig", ""};
  for (int i = 0; i < 4; i++) {
    double f = i / 4.0;
    begin_list(4);
    key_name("name"); put32(TEXT); put_bytes(names[i], strlen(names[i]));
    key_name("@n"); put32(INT32); put32(-i);
    key_name("f"); put32(DOUBLE); put(&f, 8);
    key_number(4); put32(i ? BLOB : NIL); if (i) put_bytes("\0\1\2\3", i);
    db_bind(st, out, out_len);
    printf("step: %u, changes %u\n", db_step(st), db_changes(conn));
    db_reset(st);
  }
  db_finalize(st);
  query("select * from things order by n desc");

  execute("begin");
  st = prepare("insert into things(name, n) values (?1, ?1)");
  for (int i = 0; i < 1000; i++) {
    begin_list(1);
    put32(NONE); put32(INT64); put64(i);
    db_bind(st, out, out_len);
    if (db_step(st) != DONE) printf("not done\n");
    db_reset(st);
  }
  execute("commit");
  st = prepare("select name, n from things where f is null");
  uint32_t n;
  char *name = db_column_name(st, 1, &n);
  printf("%u columns, the second is %.*s\n", db_column_count(st), (int)n, name);
  free(name);
  printf("sum: %lld\n", (long long)sum(st, 50));
  db_reset(st);
  printf("again: %lld\n", (long long)sum(st, 3));

  printf("a bad statement is caught: %u\n", catch_trap(bad_sql, 0));
  print_error();
  printf("a violation is caught: %u\n", catch_trap(violate, 0));
  print_error();
  try("update things set n = n + 1 where f is null");
  printf("changes %u\n", db_changes(conn));
  query("with recursive c(x) as (select 1 union all select x + 1 from c where x < 200000) select count(*) as n, sum(x) as s from c");
  printf("%s\n", allocations > 1000 ? "many blocks" : "few blocks");
  return 0;
}
