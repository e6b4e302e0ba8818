// Five query mixes on SQLite: four in memory, one through the pager on a file system in
// this file; and its B-tree by itself (btree.c), on the same file system. Every read and
// write of that file system could block.
#include "../program.h"
#include "sqlite3.h"

typedef struct {
	char name[64];
	unsigned char *data;
	sqlite3_int64 size, cap;
	int used;
} stored;

typedef struct {
	sqlite3_file base;
	stored *in;
} handle;

static stored files[4];

static int fs_close(sqlite3_file *f) { return f ? SQLITE_OK : blocked(1); }

static int fs_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
	stored *s = ((handle *)f)->in;
	if (__builtin_expect(n < 0, 0)) return blocked(n); // cold
	if (at + n <= s->size) {
		memcpy(p, s->data + at, n);
		return SQLITE_OK;
	}
	memset(p, 0, n);
	if (at < s->size) memcpy(p, s->data + at, s->size - at);
	return SQLITE_IOERR_SHORT_READ;
}

static int fs_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
	stored *s = ((handle *)f)->in;
	if (__builtin_expect(n < 0, 0)) return blocked(n); // cold
	if (at + n > s->cap) {
		sqlite3_int64 cap = 2 * (at + n);
		unsigned char *d = realloc(s->data, cap);
		if (!d) return SQLITE_IOERR_WRITE;
		memset(d + s->cap, 0, cap - s->cap);
		s->data = d, s->cap = cap;
	}
	memcpy(s->data + at, p, n);
	if (at + n > s->size) s->size = at + n;
	return SQLITE_OK;
}

static int fs_truncate(sqlite3_file *f, sqlite3_int64 size) {
	stored *s = ((handle *)f)->in;
	if (size < s->size) {
		memset(s->data + size, 0, s->size - size);
		s->size = size;
	}
	return SQLITE_OK;
}

static int fs_sync(sqlite3_file *f, int flags) { return ((handle *)f)->in->used && flags >= 0 ? SQLITE_OK : blocked(flags); }
static int fs_size(sqlite3_file *f, sqlite3_int64 *size) { return *size = ((handle *)f)->in->size, SQLITE_OK; }
static int fs_lock(sqlite3_file *f, int level) { return (void)f, (void)level, SQLITE_OK; }
static int fs_reserved(sqlite3_file *f, int *out) { return (void)f, *out = 0, SQLITE_OK; }
static int fs_control(sqlite3_file *f, int op, void *arg) { return (void)f, (void)op, (void)arg, SQLITE_NOTFOUND; }
static int fs_sector(sqlite3_file *f) { return (void)f, 4096; }
static int fs_features(sqlite3_file *f) { return (void)f, 0; }

static const sqlite3_io_methods methods = {
	1,       fs_close,    fs_read,    fs_write,  fs_truncate, fs_sync, fs_size, fs_lock,
	fs_lock, fs_reserved, fs_control, fs_sector, fs_features, 0,       0,       0,
	0,       0,           0,
};

static stored *lookup(const char *name) {
	for (int i = 0; i < 4; i++)
		if (files[i].used && !strcmp(files[i].name, name)) return files + i;
	return 0;
}

static int fs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
	(void)v;
	stored *s = lookup(name ? name : "temp");
	for (int i = 0; !s && i < 4; i++)
		if (!files[i].used) s = files + i;
	if (!s) return blocked(flags), SQLITE_CANTOPEN;
	strncpy(s->name, name ? name : "temp", sizeof s->name - 1);
	s->used = 1;
	f->pMethods = &methods;
	((handle *)f)->in = s;
	if (out) *out = flags;
	return SQLITE_OK;
}

static int fs_delete(sqlite3_vfs *v, const char *name, int sync) {
	(void)v, (void)sync;
	stored *s = lookup(name);
	if (!s) return SQLITE_IOERR_DELETE_NOENT;
	free(s->data);
	memset(s, 0, sizeof *s);
	return SQLITE_OK;
}

static int fs_access(sqlite3_vfs *v, const char *name, int flags, int *out) { return (void)v, (void)flags, *out = lookup(name) != 0, SQLITE_OK; }
static int fs_path(sqlite3_vfs *v, const char *name, int n, char *out) { return (void)v, strncpy(out, name, n), SQLITE_OK; }
static int fs_random(sqlite3_vfs *v, int n, char *out) { return (void)v, memset(out, 7, n), n; }
static int fs_sleep(sqlite3_vfs *v, int us) { return (void)v, blocked(us); }
static int fs_time(sqlite3_vfs *v, double *t) { return (void)v, *t = 2460000.5, SQLITE_OK; }
static int fs_error(sqlite3_vfs *v, int n, char *out) { return (void)v, (void)n, (void)out, 0; }

static sqlite3_vfs vfs = {
	.iVersion = 1,
	.szOsFile = sizeof(handle),
	.mxPathname = 60,
	.zName = "bench",
	.xOpen = fs_open,
	.xDelete = fs_delete,
	.xAccess = fs_access,
	.xFullPathname = fs_path,
	.xRandomness = fs_random,
	.xSleep = fs_sleep,
	.xCurrentTime = fs_time,
	.xGetLastError = fs_error,
};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&vfs, 1); }
int sqlite3_os_end(void) { return SQLITE_OK; }

static void check(sqlite3 *db, int rc) {
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
	fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
	abort();
}

static sqlite3 *open(const char *name) {
	sqlite3 *db;
	check(0, sqlite3_open(name, &db));
	return db;
}

static void exec(sqlite3 *db, const char *sql) { check(db, sqlite3_exec(db, sql, 0, 0, 0)); }

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
	sqlite3_stmt *s;
	check(db, sqlite3_prepare_v2(db, sql, -1, &s, 0));
	return s;
}

// rows runs a statement and mixes the text of every column into h.
static uint64_t rows(sqlite3 *db, sqlite3_stmt *s, uint64_t h) {
	int rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const unsigned char *text = sqlite3_column_text(s, i);
			h = mix(h, text, sqlite3_column_bytes(s, i));
		}
	check(db, rc);
	sqlite3_reset(s);
	return h;
}

static uint64_t query(sqlite3 *db, const char *sql, uint64_t h) {
	sqlite3_stmt *s = prepare(db, sql);
	h = rows(db, s, h);
	sqlite3_finalize(s);
	return h;
}

static void fill(sqlite3 *db, int n) {
	exec(db, "create table t(id integer primary key, a int, b text, c int)");
	sqlite3_stmt *s = prepare(db, "insert into t values(?1, ?2, ?3, ?4)");
	exec(db, "begin");
	unsigned x = 1;
	for (int i = 0; i < n; i++) {
		char text[40];
		x = x * 1664525 + 1013904223;
		sqlite3_bind_int(s, 1, i);
		sqlite3_bind_int(s, 2, x >> 16);
		sqlite3_bind_text(s, 3, text, snprintf(text, sizeof text, "row %u of %d", x >> 20, i % 100), SQLITE_TRANSIENT);
		sqlite3_bind_int(s, 4, i % 50);
		check(db, sqlite3_step(s));
		sqlite3_reset(s);
	}
	exec(db, "commit");
	sqlite3_finalize(s);
}

WORKLOAD(insert) {
	sqlite3 *db = open(":memory:");
	exec(db, "create table k(name text primary key, v int) without rowid");
	fill(db, n);
	exec(db, "insert into k select b || id, a from t");
	uint64_t h = query(db, "select count(*), sum(v), min(name), max(name) from k", 1);
	sqlite3_close(db);
	return h;
}

WORKLOAD(lookup_index) {
	sqlite3 *db = open(":memory:");
	fill(db, n);
	exec(db, "create index ta on t(a)");
	sqlite3_stmt *s = prepare(db, "select id, b from t where a between ?1 and ?1 + 40"), *one = prepare(db, "select a, c from t where id = ?1");
	uint64_t h = 1;
	for (int i = 0; i < n; i++) {
		sqlite3_bind_int(s, 1, i * 37 % 65536);
		sqlite3_bind_int(one, 1, i * 13 % n);
		if (i % 4 == 0) h = rows(db, s, h);
		h = rows(db, one, h);
	}
	sqlite3_finalize(s);
	sqlite3_finalize(one);
	sqlite3_close(db);
	return h;
}

WORKLOAD(aggregate) {
	sqlite3 *db = open(":memory:");
	fill(db, n);
	exec(db, "create table g(id integer primary key, name text)");
	exec(db, "insert into g select distinct c, 'group ' || c from t");
	uint64_t h = query(db, "select g.name, count(*), sum(t.a), max(t.b) from t join g on g.id = t.c group by g.name order by 3 desc", 1);
	h = query(db, "with recursive f(i, x) as (select 1, 1 union all select i + 1, (x * 31 + i) % 10007 from f where i < 2000) select count(distinct x), sum(x) from f", h);
	h = query(db, "select c, a, rank() over (partition by c order by a) r from t where id % 5 = 0 order by r desc, c limit 50", h);
	sqlite3_close(db);
	return h;
}

WORKLOAD(text) {
	sqlite3 *db = open(":memory:");
	fill(db, n);
	uint64_t h = query(db, "select count(*) from t where b like '%7 of 3%'", 1);
	h = query(db, "select upper(substr(b, 3, 6)) u, count(*), group_concat(id) from t where c < 5 group by u order by u limit 200", h);
	h = query(db, "select replace(b, 'row', printf('%05d', a)), length(b), instr(b, 'of') from t order by b desc, id limit 300", h);
	sqlite3_close(db);
	return h;
}

WORKLOAD(pager) {
	sqlite3 *db = open("bench.db");
	exec(db, "pragma cache_size = 20");
	fill(db, n);
	exec(db, "create index tb on t(b)");
	uint64_t h = 1;
	for (int i = 0; i < 8; i++) {
		char sql[200];
		snprintf(sql, sizeof sql, "begin; update t set a = a + %d, b = b || 'x' where id %% 8 = %d; delete from t where id %% 97 = %d; commit", i, i, i);
		exec(db, sql);
		exec(db, "begin; delete from t where c > 10; rollback");
		h = query(db, "select count(*), sum(a), min(b) from t", h);
	}
	sqlite3_close(db);
	fs_delete(&vfs, "bench.db", 0);
	return h;
}

uint64_t btree_store(int n, sqlite3 *db, const char *file);

WORKLOAD(btree) {
	sqlite3 *db = open(":memory:");
	uint64_t h = btree_store(n, db, "btree.db");
	sqlite3_close(db);
	fs_delete(&vfs, "btree.db", 0);
	return h;
}

WORKLOADS("sqlite", {"insert", insert, 4000, 300}, {"lookup_index", lookup_index, 5000, 300}, {"aggregate", aggregate, 5000, 300},
          {"text", text, 6000, 400}, {"pager", pager, 1500, 100}, {"btree", btree, 12000, 800})
