package host

import (
	"context"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// BenchmarkSqlite measures the calls for a row, without the guest: sqlite3_step with and
// without what lets go of the worker, and the alternative, a goroutine for each step.
func BenchmarkSqlite(b *testing.B) {
	const insert, rows = "insert into t values(?, 'some text of a row', 1.5)", "select a, b, c from t, (select 1 union all select 2 union all select 3)"
	for _, x := range []struct {
		name, sql string
		step      func(p *runner.Process, st uint64)
	}{
		{"insert", insert, func(p *runner.Process, st uint64) {
			bind(p, st, []byte(u64(1)+u32(keyNone)+u32(valueInt32)+u32(5)))
			call(sqliteStep, p, st)
			call(sqliteReset, p, st)
		}},
		{"select", rows, func(p *runner.Process, st uint64) {
			if call(sqliteStep, p, st) == sqliteDone {
				call(sqliteReset, p, st)
			}
		}},
		{"select inline", rows, func(p *runner.Process, st uint64) {
			s := sqliteStmts.Get(p, "", st)
			s.conn.do(func() error { s.stmt.Step(); return s.stmt.Err() })
		}},
		{"select async", rows, func(p *runner.Process, st uint64) {
			s := sqliteStmts.Get(p, "", st)
			p.Async(make([]uint64, 4), func(context.Context) func([]uint64) {
				s.conn.do(func() error { s.stmt.Step(); return s.stmt.Err() })
				return nil
			})
		}},
		{"read_row", rows, func(p *runner.Process, st uint64) { given(p, sqliteReadRow, st) }},
		{"column_count", rows, func(p *runner.Process, st uint64) { call(sqliteColumnCount, p, st) }},
		{"nothing in Blocking", rows, func(p *runner.Process, _ uint64) { p.Blocking(func() {}) }},
	} {
		b.Run(x.name, func(b *testing.B) {
			dir := b.TempDir()
			step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
				ptr, n := put(p, "/db/x")
				call(sqliteOpen, p, ptr, n, outPtr)
				execute(p, 0, "create table t(a, b, c); begin")
				if x.sql != insert {
					execute(p, 0, "insert into t with recursive c(x) as (select 1 union all select x+1 from c where x < 1000) select x, 'some text of a row', 1.5 from c")
				}
				st := prepare(p, 0, x.sql)
				if x.sql != insert {
					call(sqliteStep, p, st)
				}
				for b.Loop() {
					x.step(p, st)
				}
			}}}}
			rt, err := runner.New(context.Background(), runner.Config{Namespaces: append(All(), step)})
			if err != nil {
				b.Fatal(err)
			}
			defer rt.Close(context.Background())
			mod, err := rt.Load(context.Background(), benchGuest)
			if err != nil {
				b.Fatal(err)
			}
			if e, err := rt.Run(context.Background(), mod, runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/db"}}}); err != nil || e.Err != nil {
				b.Fatal(err, e.Err)
			}
		})
	}
}

// benchGuest is allocGuest with an allocator that always answers with 4096.
var benchGuest = append(append([]byte{}, allocGuest[:len(allocGuest)-26]...),
	"\x0a\x0d\x02\x05\x00\x10\x00\x1a\x0b\x05\x00\x41\x80\x20\x0b"...)
