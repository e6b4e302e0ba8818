package host

import (
	"math"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/ncruces/go-sqlite3"
)

// What may take long or block (open, execute, query_prepare, sqlite3_step, and the reset or
// the end of a statement in the middle of its rows) is called through Process.Blocking: no
// worker is held for longer than a millisecond, and a signal that ends the process
// interrupts the query. The others only touch memory.
//
// Functions that end a statement's row, or fail in SQLite, trap: guests have no other
// channel for it. execute is the exception.
var lunaticSqlite = runner.Namespace{Name: "lunatic::sqlite", Funcs: []runner.Func{
	{Name: "open", Type: "i32 i32 i32 -> i64", Call: sqliteOpen},
	{Name: "execute", Type: "i64 i32 i32 -> i32", Call: sqliteExecute},
	{Name: "query_prepare", Type: "i64 i32 i32 -> i64", Call: sqlitePrepare},
	{Name: "bind_value", Type: "i64 i32 i32", Call: sqliteBind},
	{Name: "sqlite3_changes", Type: "i64 -> i32", Call: sqliteChanges},
	{Name: "statement_reset", Type: "i64", Call: sqliteReset},
	{Name: "sqlite3_step", Type: "i64 -> i32", Call: sqliteStep},
	{Name: "sqlite3_finalize", Type: "i64", Call: sqliteFinalize},
	{Name: "column_count", Type: "i64 -> i32", Call: sqliteColumnCount},
	{Name: "column_name", Type: "i64 i32 i32 -> i32", Call: sqliteColumnName},
	{Name: "column_names", Type: "i64 i32 -> i32", Call: sqliteColumnNames},
	{Name: "read_column", Type: "i64 i32 i32 -> i32", Call: sqliteReadColumn},
	{Name: "read_row", Type: "i64 i32 -> i32", Call: sqliteReadRow},
	{Name: "last_error", Type: "i64 i32 -> i32", Call: sqliteLastError},
}}

var (
	sqliteConns = runner.NewKind[*sqliteConn]("SQLite connection")
	sqliteStmts = runner.NewKind[*sqliteStmt]("SQLite statement")
)

// Results of sqlite3_step.
const (
	sqliteRow  = 100
	sqliteDone = 101
)

// sqliteOpen answers with a status of 64 bits.
func sqliteOpen(p *runner.Process, stack []uint64) {
	path, out := p.Text("path", stack[0], stack[1]), stack[2]
	p.Bytes("id_ptr", out, 8) // trap before anything has happened
	name, err := sqliteName(p.Config().Dirs, path)
	if err == nil && sqliteConns.Len(p) >= maxSqliteConns {
		err = errSqliteConns
	}
	var c *sqliteConn
	if err == nil {
		p.Blocking(func() { c, err = openSqlite(p, name) })
	}
	if err != nil {
		stack[0] = fail(p, "id_ptr", out, err)
		return
	}
	p.PutU64("id_ptr", out, sqliteConns.Add(p, c))
	stack[0] = ok
}

// sqliteExecute answers with SQLite's primary result code.
func sqliteExecute(p *runner.Process, stack []uint64) {
	c := sqliteConns.Get(p, "conn_id", stack[0])
	sql := p.Text("sql", stack[1], stack[2])
	var err error
	p.Blocking(func() { err = c.execute(sql) })
	stack[0] = sqliteCode(err)
}

func sqlitePrepare(p *runner.Process, stack []uint64) {
	c := sqliteConns.Get(p, "conn_id", stack[0])
	sql := p.Text("sql", stack[1], stack[2])
	var st *sqlite3.Stmt
	var err error
	p.Blocking(func() { st, _, err = c.prepare(sql) })
	switch {
	case err != nil:
		p.Fail("sql", "%s", sqliteText(err))
	case st == nil:
		p.Fail("sql", "there is no statement")
	}
	stack[0] = sqliteStmts.Add(p, &sqliteStmt{c, st})
}

func sqliteBind(p *runner.Process, stack []uint64) {
	st := sqliteStmts.Get(p, "statement_id", stack[0])
	binds, err := readBinds(p.Bytes("data", stack[1], stack[2]))
	if err != nil {
		p.Fail("data", "%v", err)
	}
	if err := st.conn.do(func() error { return st.bind(binds) }); err != nil {
		p.Fail("data", "%s", sqliteText(err))
	}
}

func sqliteChanges(p *runner.Process, stack []uint64) {
	c := sqliteConns.Get(p, "conn_id", stack[0])
	stack[0] = uint64(uint32(min(c.db.Changes(), math.MaxInt32)))
}

func sqliteReset(p *runner.Process, stack []uint64) {
	st := sqliteStmts.Get(p, "statement_id", stack[0])
	if err := st.finish(p, st.stmt.Reset); err != nil {
		p.Fail("", "%s", sqliteText(err))
	}
}

func sqliteFinalize(p *runner.Process, stack []uint64) {
	st := sqliteStmts.Remove(p, "statement_id", stack[0])
	st.finish(p, st.stmt.Close) // what it answers is the last step's error
}

func sqliteStep(p *runner.Process, stack []uint64) {
	st := sqliteStmts.Get(p, "statement_id", stack[0])
	row, err := false, error(nil)
	p.Blocking(func() {
		err = st.conn.do(func() error {
			row = st.stmt.Step()
			return st.stmt.Err()
		})
	})
	switch {
	case err != nil:
		p.Fail("", "%s", sqliteText(err))
	case row:
		stack[0] = sqliteRow
	default:
		stack[0] = sqliteDone
	}
}

func sqliteColumnCount(p *runner.Process, stack []uint64) {
	stack[0] = uint64(sqliteStmts.Get(p, "statement_id", stack[0]).stmt.ColumnCount())
}

// sqliteColumn returns a statement and one of its columns.
func sqliteColumn(p *runner.Process, stack []uint64) (*sqliteStmt, int) {
	st := sqliteStmts.Get(p, "statement_id", stack[0])
	if n := st.stmt.ColumnCount(); stack[1] >= uint64(n) {
		p.Fail("column", "there is no column %d, there are %d", stack[1], n)
	}
	return st, int(stack[1])
}

func sqliteColumnName(p *runner.Process, stack []uint64) {
	st, i := sqliteColumn(p, stack)
	var name string
	st.read(p, func() { name = st.stmt.ColumnName(i) })
	stack[0] = give(p, "len_ptr", stack[2], []byte(name))
}

func sqliteColumnNames(p *runner.Process, stack []uint64) {
	st := sqliteStmts.Get(p, "statement_id", stack[0])
	var names []byte
	st.read(p, func() { names = st.appendNames(nil) })
	stack[0] = give(p, "len_ptr", stack[1], names)
}

func sqliteReadColumn(p *runner.Process, stack []uint64) {
	st, i := sqliteColumn(p, stack)
	var value []byte
	st.read(p, func() { value = st.appendValue(nil, i) })
	stack[0] = give(p, "len_ptr", stack[2], value)
}

func sqliteReadRow(p *runner.Process, stack []uint64) {
	st := sqliteStmts.Get(p, "statement_id", stack[0])
	var row []byte
	st.read(p, func() { row = st.appendRow(nil) })
	stack[0] = give(p, "len_ptr", stack[1], row)
}

// sqliteLastError answers with the error of the last call that used the connection; an
// error of a call before that is forgotten.
func sqliteLastError(p *runner.Process, stack []uint64) {
	c := sqliteConns.Get(p, "conn_id", stack[0])
	if c.last == nil {
		p.Fail("conn_id", "no error is recorded")
	}
	stack[0] = give(p, "len_ptr", stack[1], appendSqliteError(nil, c.last))
}
