package host

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// allocGuest is guest with an allocator, each call of which moves the memory.
//
//	(func (export "lunatic_alloc") (param i32) (result i32)
//	  (drop (memory.grow (i32.const 1)))
//	  (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 0))))
var allocGuest = []byte("\x00asm\x01\x00\x00\x00\x01\x0d\x03\x60\x00\x00\x60\x00\x01\x7e\x60\x01\x7f\x01\x7f" +
	"\x02\x0d\x01\x04test\x04step\x00\x01\x03\x03\x02\x00\x02\x05\x03\x01\x00\x01\x06\x07\x01\x7f\x01\x41\x80\x20\x0b" +
	"\x07\x23\x03\x06memory\x02\x00\x06_start\x00\x01\x0dlunatic_alloc\x00\x02" +
	"\x0a\x18\x02\x05\x00\x10\x00\x1a\x0b\x10\x00\x41\x01\x40\x00\x1a\x23\x00\x23\x00\x20\x00\x6a\x24\x00\x0b")

// sqliteRun runs f in a process that may use dirs.
func sqliteRun(t *testing.T, wasm []byte, dirs []runner.Dir, f func(p *runner.Process)) runner.Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rt := sqliteRuntime(t, f)
	mod, err := rt.Load(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, runner.ProcessConfig{Dirs: dirs})
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

func sqliteRuntime(t *testing.T, f func(p *runner.Process)) *runner.Runtime {
	t.Helper()
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) { f(p) }}}}
	rt, err := runner.New(context.Background(), runner.Config{Namespaces: append(All(), step)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close(context.Background()) })
	return rt
}

// withSqlite is sqliteRun in a directory of the test's own, which is also the guest's /db.
func withSqlite(t *testing.T, f func(p *runner.Process, dir string)) runner.Exit {
	t.Helper()
	dir := t.TempDir()
	return sqliteRun(t, allocGuest, []runner.Dir{{Host: dir, Guest: "/db"}}, func(p *runner.Process) { f(p, dir) })
}

// put writes to the guest's memory at an address that the functions here use for
// parameters.
func put[T ~string | ~[]byte](p *runner.Process, s T) (ptr, n uint64) {
	copy(p.Bytes("", 1024, uint64(len(s))), s)
	return 1024, uint64(len(s))
}

const outPtr = 512

func tryOpen(p *runner.Process, path string) (id uint64, err error) {
	ptr, n := put(p, path)
	status := call(sqliteOpen, p, ptr, n, outPtr)
	id = binary.LittleEndian.Uint64(p.Bytes("", outPtr, 8))
	if status == failed {
		return 0, runner.Errors.Get(p, "", id)
	}
	return id, nil
}

func open(t *testing.T, p *runner.Process, path string) uint64 {
	t.Helper()
	id, err := tryOpen(p, path)
	if err != nil {
		t.Error(err)
		p.Fail("", "no database")
	}
	return id
}

func execute(p *runner.Process, conn uint64, sql string) uint64 {
	ptr, n := put(p, sql)
	return call(sqliteExecute, p, conn, ptr, n)
}

func prepare(p *runner.Process, conn uint64, sql string) uint64 {
	ptr, n := put(p, sql)
	return call(sqlitePrepare, p, conn, ptr, n)
}

func bind(p *runner.Process, st uint64, data []byte) {
	ptr, n := put(p, data)
	call(sqliteBind, p, st, ptr, n)
}

// given calls a function that answers with a block, and returns its contents.
func given(p *runner.Process, f func(*runner.Process, []uint64), args ...uint64) string {
	ptr := call(f, p, append(args, outPtr)...)
	n := binary.LittleEndian.Uint32(p.Bytes("", outPtr, 4))
	return string(p.Bytes("", ptr, uint64(n)))
}

// u32, u64 and str are parts of bincode.
func u32(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }
func u64(v uint64) string { return string(binary.LittleEndian.AppendUint64(nil, v)) }
func str(s string) string { return u64(uint64(len(s))) + s }

// traps runs f in a process and checks that it traps with a text.
func traps(t *testing.T, text string, f func(p *runner.Process, dir string)) {
	t.Helper()
	e := withSqlite(t, f)
	if e.Reason != runner.ExitFailed || e.Err == nil || !strings.Contains(e.Err.Error(), text) {
		t.Errorf("the process ended: %v, %v; want a trap with %q", e.Reason, e.Err, text)
	}
}

func TestSqliteRows(t *testing.T) {
	ends(t, withSqlite(t, func(p *runner.Process, dir string) {
		copy(p.Bytes("", 0, 8), "\xff\xff\xff\xff\xff\xff\xff\xff")
		ptr, n := put(p, filepath.Join(dir, "x.db"))
		want(t, "open with the id at address 0", call(sqliteOpen, p, ptr, n, 0), 0)
		want(t, "id", string(p.Bytes("", 0, 8)), u64(0))
		want(t, "create", execute(p, 0, "create table t(a integer, b real, c text, d blob, e); -- nothing else\n"), 0)
		st := prepare(p, 0, "insert into t values(?, ?, ?, ?, ?) returning a")
		want(t, "the first statement's id", st, 0)
		bind(p, st, []byte(u64(5)+
			u32(keyIndex)+u64(1)+u32(valueInt64)+u64(1<<63)+
			u32(keyIndex)+u64(2)+u32(valueFloat)+u64(math.Float64bits(1.5))+
			u32(keyIndex)+u64(3)+u32(valueText)+str("grüße")+
			u32(keyIndex)+u64(4)+u32(valueBlob)+str("\x00\xff")+
			u32(keyIndex)+u64(5)+u32(valueNull)))
		want(t, "step with returning", call(sqliteStep, p, st), 100)
		want(t, "step to the end", call(sqliteStep, p, st), 101)
		want(t, "changes", call(sqliteChanges, p, 0), 1)
		call(sqliteReset, p, st)
		bind(p, st, []byte(u64(1)+u32(keyNone)+u32(valueInt32)+u32(1<<32-7)))
		want(t, "step again", call(sqliteStep, p, st), 100)
		call(sqliteReset, p, st) // in the middle: the row stays
		call(sqliteFinalize, p, st)

		st = prepare(p, 0, "select * from t order by a; select nothing")
		want(t, "ids are not used again", st, 1)
		want(t, "column_count", call(sqliteColumnCount, p, st), 5)
		want(t, "column_name", given(p, sqliteColumnName, st, 2), "c")
		want(t, "column_names", given(p, sqliteColumnNames, st), u64(5)+str("a")+str("b")+str("c")+str("d")+str("e"))
		want(t, "a row before the first", given(p, sqliteReadColumn, st, 0), u32(valueNull))
		want(t, "step", call(sqliteStep, p, st), 100)
		row := []string{u32(valueInt32) + u64(1<<63), u32(valueFloat) + u64(math.Float64bits(1.5)), u32(valueText) + str("grüße"),
			u32(valueBlob) + str("\x00\xff"), u32(valueNull)}
		want(t, "read_row", given(p, sqliteReadRow, st), u64(5)+strings.Join(row, ""))
		for i, w := range row {
			want(t, fmt.Sprint("read_column ", i), given(p, sqliteReadColumn, st, uint64(i)), w)
		}
		want(t, "step", call(sqliteStep, p, st), 100)
		want(t, "only parameter 1 was bound anew", given(p, sqliteReadColumn, st, 0), u32(valueInt32)+u64(1<<64-7))
		want(t, "done", call(sqliteStep, p, st), 101)
		want(t, "empty values", func() string {
			st := prepare(p, 0, "select '', x'', cast(x'41ff42' as text)")
			call(sqliteStep, p, st)
			return given(p, sqliteReadRow, st)
		}(), u64(3)+u32(valueText)+str("")+u32(valueBlob)+str("")+u32(valueText)+str("A\uFFFDB"))
	}))
}

func TestSqliteNamedParameters(t *testing.T) {
	ends(t, withSqlite(t, func(p *runner.Process, dir string) {
		c := open(t, p, "/db/x.db")
		st := prepare(p, c, "select :one, @two, $three, ?4")
		for i, name := range []string{"one", "@two", "three", "?4"} {
			bind(p, st, []byte(u64(1)+u32(keyName)+str(name)+u32(valueInt64)+u64(uint64(i))))
		}
		call(sqliteStep, p, st)
		var row string
		for i := range 4 {
			row += u32(valueInt32) + u64(uint64(i))
		}
		want(t, "row", given(p, sqliteReadRow, st), u64(4)+row)
	}))
}

func TestSqliteErrors(t *testing.T) {
	ends(t, withSqlite(t, func(p *runner.Process, dir string) {
		c := open(t, p, "/db/x.db")
		for _, x := range []struct {
			sql  string
			code uint64
			text string
		}{
			{"create table t(a unique); insert into t values(1)", 0, ""},
			{"", 0, ""},
			{"-- a comment", 0, ""},
			{";;; ; /* */ ;", 0, ""},
			{"insert into t values(2); insert into t values(1); insert into t values(3)", 19, "UNIQUE constraint failed: t.a"},
			{"selec", 1, `near "selec": syntax error`},
			{"select * from missing", 1, "no such table: missing"},
			{"attach '" + dir + "/y.db' as y", 23, "not authorized"},
			{"attach ('" + dir + "' || '/y.db') as y", 23, "not authorized"},
			{"attach '' as y", 23, "not authorized"},
			{"attach 'file:/etc/passwd?vfs=os&mode=ro' as y", 23, "not authorized"},
			{"vacuum into '" + dir + "/y.db'", 23, "authorization denied"},
			{"vacuum", 0, ""},
			{"pragma temp_store = 1", 23, "not authorized"},
			{"select load_extension('x')", 1, "no such function: load_extension"},
			{"select readfile('/etc/passwd')", 1, "no such function: readfile"},
			{"select length(zeroblob(1000000000))", 18, "string or blob too big"},
			{"select 1 like '" + strings.Repeat("%a", 600) + "'", 1, "LIKE or GLOB pattern too complex"},
			{"select hex(zeroblob(16000000))", 18, "string or blob too big"},
			{"with recursive c(x) as (select 1 union all select x+1 from c) select group_concat(zeroblob(1000000), '') over (order by x desc) from c", 7, "out of memory"},
			{"select instr(hex(zeroblob(8000000)), hex(zeroblob(4000000)) || 1)", 0, ""}, // would take days
			{"select trim(hex(zeroblob(8000000)) || 1, hex(zeroblob(4000000)) || 1)", 0, ""},
			{"select replace(hex(zeroblob(8000000)), '0', hex(zeroblob(8000000)))", 18, "string or blob too big"},
			{"select 1;\x00 select nothing", 0, ""},
			{"insert into t values(4)", 0, ""}, // the connection lives
		} {
			name := x.sql[:min(len(x.sql), 60)]
			want(t, name, execute(p, c, x.sql), x.code)
			if x.code != 0 {
				want(t, name, given(p, sqliteLastError, c), "\x01"+u32(uint32(x.code))+"\x01"+str(x.text))
			}
		}
		if m, _ := filepath.Glob(filepath.Join(dir, "y*")); len(m) > 0 {
			t.Errorf("files were made: %v", m)
		}
		st := prepare(p, c, "select count(*) from t")
		call(sqliteStep, p, st)
		want(t, "rows", given(p, sqliteReadRow, st), u64(1)+u32(valueInt32)+u64(3))
	}))
}

func TestSqliteTraps(t *testing.T) {
	const nobody = 77
	outside := uint64(1<<32 - 4)
	for _, x := range []struct {
		name, text string
		f          func(p *runner.Process, c, st uint64)
	}{
		{"open: path outside", "path: 8 bytes", func(p *runner.Process, _, _ uint64) { call(sqliteOpen, p, outside, 8, outPtr) }},
		{"open: path is not UTF-8", "invalid UTF-8", func(p *runner.Process, _, _ uint64) { tryOpen(p, "\xff") }},
		{"open: id_ptr outside", "id_ptr", func(p *runner.Process, _, _ uint64) { call(sqliteOpen, p, 1024, 1, outside) }},
		{"execute: no connection", "no SQLite connection", func(p *runner.Process, _, _ uint64) { execute(p, nobody, "") }},
		{"execute: outside", "sql", func(p *runner.Process, c, _ uint64) { call(sqliteExecute, p, c, outside, 1<<32-1) }},
		{"execute: UTF-8", "invalid UTF-8", func(p *runner.Process, c, _ uint64) { execute(p, c, "\x80") }},
		{"prepare: no connection", "no SQLite connection", func(p *runner.Process, _, _ uint64) { prepare(p, nobody, "") }},
		{"prepare: outside", "sql", func(p *runner.Process, c, _ uint64) { call(sqlitePrepare, p, c, outside, 9) }},
		{"prepare: bad SQL", `near "selec": syntax error`, func(p *runner.Process, c, _ uint64) { prepare(p, c, "selec") }},
		{"prepare: no SQL", "there is no statement", func(p *runner.Process, c, _ uint64) { prepare(p, c, " -- x") }},
		{"bind: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { bind(p, nobody, nil) }},
		{"bind: outside", "data", func(p *runner.Process, _, st uint64) { call(sqliteBind, p, st, outside, 9) }},
		{"bind: too large an index", "column index out of range", func(p *runner.Process, _, st uint64) {
			bind(p, st, []byte(u64(1)+u32(keyIndex)+u64(2)+u32(valueNull)))
		}},
		{"bind: index 2^32+1", "column index out of range", func(p *runner.Process, _, st uint64) {
			bind(p, st, []byte(u64(1)+u32(keyIndex)+u64(1<<32+1)+u32(valueNull)))
		}},
		{"bind: unknown name", `"nobody"`, func(p *runner.Process, _, st uint64) {
			bind(p, st, []byte(u64(1)+u32(keyName)+str("nobody")+u32(valueNull)))
		}},
		{"bind: in the middle", "misuse", func(p *runner.Process, _, st uint64) {
			call(sqliteStep, p, st)
			bind(p, st, []byte(u64(1)+u32(keyNone)+u32(valueNull)))
		}},
		{"changes: no connection", "no SQLite connection", func(p *runner.Process, _, _ uint64) { call(sqliteChanges, p, nobody) }},
		{"reset: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteReset, p, nobody) }},
		{"step: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteStep, p, nobody) }},
		{"step: constraint", "NOT NULL constraint failed: t.a", func(p *runner.Process, c, _ uint64) {
			call(sqliteStep, p, prepare(p, c, "insert into t values(null)"))
		}},
		{"finalize: twice", "no SQLite statement", func(p *runner.Process, _, st uint64) {
			call(sqliteFinalize, p, st)
			call(sqliteFinalize, p, st)
		}},
		{"column_count: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteColumnCount, p, nobody) }},
		{"column_name: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteColumnName, p, nobody, 0, outPtr) }},
		{"column_name: out of range", "there is no column 1", func(p *runner.Process, _, st uint64) { call(sqliteColumnName, p, st, 1, outPtr) }},
		{"column_name: len_ptr", "len_ptr", func(p *runner.Process, _, st uint64) { call(sqliteColumnName, p, st, 0, outside) }},
		{"column_names: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteColumnNames, p, nobody, outPtr) }},
		{"column_names: len_ptr", "len_ptr", func(p *runner.Process, _, st uint64) { call(sqliteColumnNames, p, st, outside) }},
		{"read_column: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteReadColumn, p, nobody, 0, outPtr) }},
		{"read_column: out of range", "there is no column", func(p *runner.Process, _, st uint64) { call(sqliteReadColumn, p, st, 1<<32-1, outPtr) }},
		{"read_column: len_ptr", "len_ptr", func(p *runner.Process, _, st uint64) { call(sqliteReadColumn, p, st, 0, outside) }},
		{"read_row: no statement", "no SQLite statement", func(p *runner.Process, _, _ uint64) { call(sqliteReadRow, p, nobody, outPtr) }},
		{"read_row: len_ptr", "len_ptr", func(p *runner.Process, _, st uint64) { call(sqliteReadRow, p, st, outside) }},
		{"last_error: no connection", "no SQLite connection", func(p *runner.Process, _, _ uint64) { call(sqliteLastError, p, nobody, outPtr) }},
		{"last_error: none", "no error is recorded", func(p *runner.Process, c, _ uint64) { call(sqliteLastError, p, c, outPtr) }},
		{"last_error: len_ptr", "len_ptr", func(p *runner.Process, c, _ uint64) {
			execute(p, c, "selec")
			call(sqliteLastError, p, c, outside)
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			traps(t, x.text, func(p *runner.Process, _ string) {
				c := open(t, p, "/db/x.db")
				want(t, "create", execute(p, c, "create table t(a not null); insert into t values(1)"), 0)
				x.f(p, c, prepare(p, c, "select a from t where a is not ?"))
				t.Error("it did not trap")
			})
		})
	}
}

func TestSqliteWithoutAllocator(t *testing.T) {
	dir := t.TempDir()
	e := sqliteRun(t, guest, []runner.Dir{{Host: dir, Guest: "/db"}}, func(p *runner.Process) {
		st := prepare(p, open(t, p, "/db/x"), "select 1 as a")
		call(sqliteColumnName, p, st, 0, outPtr)
	})
	if e.Err == nil || !strings.Contains(e.Err.Error(), `does not export the function "lunatic_alloc"`) {
		t.Errorf("the process ended: %v, %v", e.Reason, e.Err)
	}
}

func TestReadBinds(t *testing.T) {
	good := u64(2) + u32(keyName) + str("a") + u32(valueText) + str("b") + u32(keyIndex) + u64(3) + u32(valueInt32) + u32(4)
	if b, err := readBinds([]byte(good)); err != nil || len(b) != 2 || b[0].value != "b" || b[1].index != 3 || b[1].value != int64(4) {
		t.Errorf("got %v, %v", b, err)
	}
	for n := range len(good) {
		if _, err := readBinds([]byte(good[:n])); err == nil {
			t.Errorf("the first %d bytes were accepted", n)
		}
	}
	for _, x := range []struct{ name, data string }{
		{"absurd count", u64(1<<63) + good},
		{"count of 2^61", u64(1<<61) + good},
		{"unknown key", u64(1) + u32(3) + u32(valueNull)},
		{"unknown value", u64(1) + u32(keyNone) + u32(6)},
		{"length of 2^64-1", u64(1) + u32(keyNone) + u32(valueBlob) + u64(1<<64-1)},
		{"text is not UTF-8", u64(1) + u32(keyNone) + u32(valueText) + str("\xff")},
		{"name is not UTF-8", u64(1) + u32(keyName) + str("\xff") + u32(valueNull)},
		{"name is empty", u64(1) + u32(keyName) + str("") + u32(valueNull)},
	} {
		if b, err := readBinds([]byte(x.data)); err == nil {
			t.Errorf("%s: got %v", x.name, b)
		}
	}
}

func FuzzReadBinds(f *testing.F) {
	f.Add([]byte(u64(1) + u32(keyName) + str("a") + u32(valueText) + str("b")))
	f.Add([]byte(u64(2) + u32(keyNone) + u32(valueBlob) + str("a") + u32(keyIndex) + u64(1) + u32(valueFloat) + u64(1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := readBinds(data)
		if err == nil && len(b)*minBinding > len(data) {
			t.Errorf("%d bindings from %d bytes", len(b), len(data))
		}
	})
}

func TestSqliteNames(t *testing.T) {
	top := t.TempDir()
	top, err := filepath.EvalSymlinks(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"rw/deep", "rw/ro", "other"} {
		if err := os.MkdirAll(filepath.Join(top, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, from string) {
		if err := os.Symlink(to, filepath.Join(top, from)); err != nil {
			t.Skip(err)
		}
	}
	link("../other", "rw/out")
	link("deep", "rw/in")
	link("../other/new.db", "rw/file")
	wal := make([]byte, 100)
	wal[18], wal[19] = 2, 2
	for name, b := range map[string][]byte{"rw/ro/wal": wal, "rw/ro/walled": wal, "rw/ro/walled-wal": {1}, "other/old.db": nil} {
		if err := os.WriteFile(filepath.Join(top, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dirs := []runner.Dir{{Host: filepath.Join(top, "rw"), Guest: "/data"}, {Host: filepath.Join(top, "rw/ro"), Guest: "/ro", ReadOnly: true}}
	uri := "file://" + top
	for _, x := range []struct{ path, name string }{
		{top + "/rw/x.db", uri + "/rw/x.db?mode=rwc"},
		{top + "/rw/deep/../a b?c#d%.db", uri + "/rw/a%20b%3Fc%23d%25.db?mode=rwc"},
		{top + "/rw/in/x.db", uri + "/rw/deep/x.db?mode=rwc"},
		{top + "/rw/ro/x.db", uri + "/rw/ro/x.db?mode=ro"},
		{top + "/rw/ro/wal", uri + "/rw/ro/wal?mode=ro&immutable=1"},
		{"/data/x.db", uri + "/rw/x.db?mode=rwc"},
		{"data/deep/x.db", uri + "/rw/deep/x.db?mode=rwc"},
		{"/ro/x.db", uri + "/rw/ro/x.db?mode=ro"},
		{top + "/rw/ro/walled", ""},
		{top + "/other/x.db", ""},
		{top + "/rw/../other/x.db", ""},
		{top + "/rwx/x.db", ""},
		{top + "/rw/out/old.db", ""},
		{top + "/rw/out/new.db", ""},
		{top + "/rw/file", ""},
		{top + "/rw/missing/x.db", ""},
		{"/data/../other/x.db", ""},
		{"/data/out/old.db", ""},
		{"/data/x.db\x00", ""},
		{"file:" + top + "/other/old.db", ""},
		{"", ""},
		{":memory:", ""},
	} {
		name, err := sqliteName(dirs, x.path)
		want(t, x.path, name, x.name)
		if (err == nil) != (x.name != "") {
			t.Errorf("%s: error %v", x.path, err)
		}
	}
	_, err = sqliteName(dirs, "/etc/x")
	want(t, "text", fmt.Sprint(err), "Failed to access '/etc/x'")
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", ":memory:"} {
		name, err := sqliteName([]runner.Dir{{Host: filepath.Dir(cwd), Guest: "/"}}, path)
		want(t, path, fmt.Sprint(name, err), ":memory:<nil>")
	}
}

func TestSqliteOpenFails(t *testing.T) {
	dir := t.TempDir()
	ro := t.TempDir()
	if err := os.WriteFile(filepath.Join(ro, "no.db"), []byte(strings.Repeat("not a database ", 100)), 0o666); err != nil {
		t.Fatal(err)
	}
	dirs := []runner.Dir{{Host: dir, Guest: "/db"}, {Host: ro, Guest: "/ro", ReadOnly: true}}
	ends(t, sqliteRun(t, allocGuest, dirs, func(p *runner.Process) {
		for _, x := range []struct{ path, text string }{
			{"/etc/x.db", "Failed to access '/etc/x.db'"},
			{":memory:", "Failed to access ':memory:'"},
			{"/ro/x.db", "unable to open database file"},
			{"/db", "unable to open database file"},
		} {
			_, err := tryOpen(p, x.path)
			if err == nil || !strings.HasPrefix(err.Error(), x.text) {
				t.Errorf("%s: %v", x.path, err)
			}
		}
		c, err := tryOpen(p, "/ro/no.db")
		if err == nil {
			want(t, "no database", execute(p, c, "select * from t"), 26)
		}
		for i := range maxSqliteConns {
			if _, err = tryOpen(p, fmt.Sprintf("/db/%d", i)); err != nil {
				break
			}
		}
		if err == nil || err.Error() != errSqliteConns.Error() {
			t.Errorf("too many connections: %v", err)
		}
	}))
}

func TestSqliteReadOnly(t *testing.T) {
	dir := t.TempDir()
	rw, ro := []runner.Dir{{Host: dir, Guest: "/db"}}, []runner.Dir{{Host: dir, Guest: "/db", ReadOnly: true}}
	for _, mode := range []string{"delete", "wal"} {
		ends(t, sqliteRun(t, allocGuest, rw, func(p *runner.Process) {
			c := open(t, p, "/db/"+mode)
			want(t, "create", execute(p, c, "pragma journal_mode="+mode+"; create table t(a); insert into t values(1)"), 0)
		}))
		before, _ := os.ReadDir(dir)
		ends(t, sqliteRun(t, allocGuest, ro, func(p *runner.Process) {
			c := open(t, p, "/db/"+mode)
			want(t, "insert", execute(p, c, "insert into t values(2)"), 8)
			st := prepare(p, c, "select a from t")
			want(t, "step", call(sqliteStep, p, st), 100)
		}))
		if after, _ := os.ReadDir(dir); len(after) != len(before) {
			t.Errorf("%s: files before: %v, after: %v", mode, before, after)
		}
	}
}

// TestSqliteBusy has two processes at one database: the second one sees that the first
// one writes, and waits for it if it has been told to.
func TestSqliteBusy(t *testing.T) {
	dir := t.TempDir()
	locked, tried := make(chan bool), make(chan bool)
	dirs := []runner.Dir{{Host: dir, Guest: "/db"}}
	done := make(chan runner.Exit)
	go func() {
		done <- sqliteRun(t, allocGuest, dirs, func(p *runner.Process) {
			c := open(t, p, "/db/x")
			want(t, "begin", execute(p, c, "create table t(a); pragma busy_timeout = 30000; begin exclusive"), 0)
			locked <- true
			<-tried
			want(t, "commit", execute(p, c, "commit"), 0)
		})
	}()
	ends(t, sqliteRun(t, allocGuest, dirs, func(p *runner.Process) {
		<-locked
		defer close(tried)
		c := open(t, p, "/db/x")
		want(t, "busy", execute(p, c, "insert into t values(1)"), 5)
		want(t, "error", given(p, sqliteLastError, c), "\x01"+u32(5)+"\x01"+str("database is locked"))
		want(t, "busy after a while", execute(p, c, "pragma busy_timeout = 20; insert into t values(1)"), 5)
		want(t, "time-out", execute(p, c, "pragma busy_timeout = 30000"), 0)
		tried <- true
		want(t, "waited", execute(p, c, "insert into t values(1)"), 0)
	}))
	ends(t, <-done)
}

// forever is a query that does not end by itself.
const forever = "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c"

// TestSqliteKill kills a process in the middle of a query, of a wait for a lock, and of
// a script; others go on meanwhile, on the only worker.
func TestSqliteKill(t *testing.T) {
	for _, sql := range []string{forever, "pragma busy_timeout = 3600000; insert into t values(1)", strings.Repeat("select 1;", 5000) + forever} {
		dir := t.TempDir()
		ctx := context.Background()
		started, others := make(chan *runner.Process, 1), make(chan bool)
		before := runtime.NumGoroutine()
		step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
			if p.Environment().ID()%2 == 0 {
				others <- true
				return
			}
			c := open(t, p, "/db/x")
			c2 := open(t, p, "/db/x")
			want(t, "lock", execute(p, c2, "create table t(a); begin exclusive"), 0)
			if strings.HasSuffix(sql, forever) {
				execute(p, c2, "commit")
			}
			started <- p
			execute(p, c, sql)
			t.Error("the query has ended")
		}}}}
		rt, err := runner.New(ctx, runner.Config{Namespaces: append(All(), step), Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		mod, err := rt.Load(ctx, allocGuest)
		if err != nil {
			t.Fatal(err)
		}
		var envs [2]*runner.Environment
		for i := range envs {
			envs[i] = rt.NewEnvironment()
			if envs[i].ID()%2 == 0 {
				envs[0], envs[i] = envs[i], envs[0]
			}
		}
		cfg := runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/db"}}}
		victim, err := envs[1].Spawn(mod, cfg, "_start")
		if err != nil {
			t.Fatal(err)
		}
		<-started
		other, err := envs[0].Spawn(mod, cfg, "_start")
		if err != nil {
			t.Fatal(err)
		}
		<-others // it runs while the query does
		<-other.Done()
		if err := envs[1].Close(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "reason", victim.Exit().Reason, runner.ExitKilled)
		if err := rt.Close(ctx); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if runtime.NumGoroutine() <= before {
				break
			}
			time.Sleep(time.Millisecond) // the last steps of goroutines that have ended
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d goroutines before, %d after", before, n)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}
}

// openFiles is how many files below dir this program has open; -1 if the system does not say.
func openFiles(dir string) int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	n := 0
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, dir) {
			n++
		}
	}
	return n
}

func TestSqliteClosesAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	dirs := []runner.Dir{{Host: dir, Guest: "/db"}}
	for _, trap := range []bool{false, true} {
		e := sqliteRun(t, allocGuest, dirs, func(p *runner.Process) {
			c := open(t, p, "/db/x")
			execute(p, c, "create table if not exists t(a); insert into t values(1), (2); begin")
			call(sqliteStep, p, prepare(p, c, "insert into t values(3) returning a"))
			call(sqliteStep, p, prepare(p, c, "select * from t"))
			if trap {
				p.Fail("", "on purpose")
			}
		})
		want(t, "trapped", e.Err != nil, trap)
		if n := openFiles(dir); n > 0 {
			t.Errorf("%d files are open", n)
		}
	}
	ends(t, sqliteRun(t, allocGuest, dirs, func(p *runner.Process) {
		st := prepare(p, open(t, p, "/db/x"), "select count(*) from t")
		call(sqliteStep, p, st)
		want(t, "what was not committed is gone", given(p, sqliteReadRow, st), u64(1)+u32(valueInt32)+u64(4))
	}))
}

// TestSqliteFault makes the file shorter that a connection in WAL mode has mapped: a
// fault, which must not end more than the process.
func TestSqliteFault(t *testing.T) {
	dir := t.TempDir()
	e := sqliteRun(t, allocGuest, []runner.Dir{{Host: dir, Guest: "/db"}}, func(p *runner.Process) {
		c := open(t, p, "/db/x")
		want(t, "create", execute(p, c, "pragma journal_mode=wal; create table t(a); insert into t values(1)"), 0)
		if err := os.Truncate(filepath.Join(dir, "x-shm"), 0); err != nil {
			t.Skip(err) // no shared memory in a file here
		}
		want(t, "execute", execute(p, c, "insert into t values(2)"), 1)
		want(t, "broken", execute(p, c, "select 1"), 1)
		call(sqliteStep, p, prepare(p, c, "select * from t"))
	})
	if e.Err == nil || !strings.Contains(e.Err.Error(), "SQLite has failed") {
		t.Errorf("the process ended: %v, %v", e.Reason, e.Err)
	}
	if n := openFiles(dir); n > 0 {
		t.Errorf("%d files are open", n)
	}
}

// TestSqliteFuncs checks the functions that are not SQLite's own.
func TestSqliteFuncs(t *testing.T) {
	ends(t, withSqlite(t, func(p *runner.Process, dir string) {
		c := open(t, p, "/db/x")
		for _, x := range []string{
			"instr('grüße', 'ße') = 4", "instr('abc', 'x') = 0", "instr('abc', '') = 1", "instr(x'c3bc61', x'61') = 3", "instr('ü' || 'a', x'61') = 2",
			"instr(null, 'a') is null", "instr('a', null) is null", "instr(12345, 34) = 3",
			"replace('aXbX', 'X', 'yy') = 'ayybyy'", "replace('abc', '', 'x') = 'abc'", "replace(null, 'a', 'b') is null", "replace(121, 1, 3) = '323'",
			"trim('  a b ') = 'a b'", "trim('xyaxbyx', 'yx') = 'axb'", "ltrim('üüaü', 'ü') = 'aü'", "rtrim('üüaü', 'ü') = 'üüa'", "trim('abc', '') = 'abc'", "trim('abc', null) is null",
		} {
			st := prepare(p, c, "select "+x)
			call(sqliteStep, p, st)
			want(t, x, given(p, sqliteReadColumn, st, 0), u32(valueInt32)+u64(1))
		}
	}))
}
