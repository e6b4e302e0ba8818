// SQLite's B-tree by itself, without SQL: what a key-value store does. Its functions are
// static, so SQLite is compiled here.
#include "sqlite3.c"

static void must(int rc) {
	if (rc != SQLITE_OK) abort();
}

// found moves to a key and says whether it is there.
static int found(BtCursor *c, i64 key) {
	int rc;
	must(sqlite3BtreeTableMoveto(c, key, 0, &rc));
	return rc == 0;
}

// btree_store puts n records of 1 to 300 bytes at random keys into a tree on a file,
// through a cache of 50 pages, reads, replaces and deletes some, and reads the rest in order.
u64 btree_store(int n, sqlite3 *db, const char *file) {
	Btree *t;
	Pgno root;
	must(sqlite3BtreeOpen(db->pVfs, file, db, &t, 0, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB));
	must(sqlite3BtreeSetCacheSize(t, 50));
	must(sqlite3BtreeBeginTrans(t, 1, 0));
	must(sqlite3BtreeCreateTable(t, &root, BTREE_INTKEY));
	BtCursor *c = calloc(1, sqlite3BtreeCursorSize());
	must(sqlite3BtreeCursor(t, root, BTREE_WRCSR, 0, c));
	unsigned char record[300], got[300];
	memset(record, 'r', sizeof record);
	u64 h = 1;
	u32 x = 23;
	for (int i = 0; i < 3 * n; i++) {
		x = x * 1664525 + 1013904223;
		i64 key = (x >> 8) % (2 * n);
		record[0] = i;
		switch (i < n ? 0 : x % 3) {
		case 0: must(sqlite3BtreeInsert(c, &(BtreePayload){.nKey = key, .pData = record, .nData = 1 + (x >> 24)}, 0, 0)); break;
		case 1:
			if (found(c, key)) {
				u32 size = sqlite3BtreePayloadSize(c);
				must(sqlite3BtreePayload(c, 0, size, got));
				h = (h ^ size ^ (u64)got[0] << 32) * 0x100000001b3;
			}
			break;
		case 2:
			if (found(c, key)) must(sqlite3BtreeDelete(c, 0));
		}
	}
	int rc, empty;
	must(sqlite3BtreeFirst(c, &empty));
	for (rc = empty ? SQLITE_DONE : SQLITE_OK; rc == SQLITE_OK; rc = sqlite3BtreeNext(c, 0))
		h = (h ^ sqlite3BtreeIntegerKey(c) ^ (u64)sqlite3BtreePayloadSize(c) << 32) * 0x100000001b3;
	must(sqlite3BtreeCloseCursor(c));
	must(sqlite3BtreeCommit(t));
	must(sqlite3BtreeClose(t));
	free(c);
	return h;
}
