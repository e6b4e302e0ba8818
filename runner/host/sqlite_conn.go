package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/ncruces/go-sqlite3"
)

// Limits of what the SQL of a guest can use up.
const (
	// maxSqliteConns is the number of connections of a process.
	maxSqliteConns = 16
	// maxSqliteMemory is what a connection takes at most, in bytes: its page cache, its
	// statements, its database if that is in memory, and its temporary tables, which are
	// in memory always.
	maxSqliteMemory = 32 << 20 << (2 * (^uint(0) >> 63)) // 128 MiB; 32 MiB on machines of 32 bits
	// maxSqliteLength is the length of a string, a blob, a row, or of SQL.
	maxSqliteLength = 16 << 20
	// maxSqlitePattern is the length of a pattern of LIKE and GLOB, which take the product of
	// the lengths of text and pattern and cannot be interrupted.
	maxSqlitePattern = 1000
)

var errSqliteConns = fmt.Errorf("the process has %d SQLite connections already", maxSqliteConns)

// A sqliteConn is a connection to a database. It has SQLite for itself, with a memory of
// its own. It is the process's: nobody else uses it.
type sqliteConn struct {
	db   *sqlite3.Conn
	last error // of the last call, for last_error

	// preparing says that the guest's SQL is being compiled, and not SQLite's own of VACUUM.
	preparing bool
	broken    error // SQLite has panicked: it is not to be used again
}

// interruption is the context of a connection, which SQLite asks every 1,000
// instructions, and while it waits for a lock, whether to give up.
type interruption struct{ p *runner.Process }

func (i interruption) Deadline() (time.Time, bool) { return time.Time{}, false }
func (i interruption) Done() <-chan struct{}       { return nil }
func (i interruption) Value(any) any               { return nil }

func (i interruption) Err() error {
	if i.p.Interrupted() {
		return context.Canceled
	}
	return nil
}

// openSqlite opens a database, of which sqliteName has given the name.
func openSqlite(p *runner.Process, name string) (*sqliteConn, error) {
	c := &sqliteConn{}
	err := c.guard(func() (err error) {
		ctx := sqlite3.WithMaxMemory(context.Background(), maxSqliteMemory)
		if c.db, err = sqlite3.OpenContext(ctx, name); err != nil {
			return err
		}
		c.db.SetInterrupt(interruption{p})
		c.db.Limit(sqlite3.LIMIT_LENGTH, maxSqliteLength)
		c.db.Limit(sqlite3.LIMIT_SQL_LENGTH, maxSqliteLength)
		c.db.Limit(sqlite3.LIMIT_LIKE_PATTERN_LENGTH, maxSqlitePattern)
		if err := c.db.Exec("PRAGMA temp_store = MEMORY"); err != nil {
			return err
		}
		if err := replaceFuncs(c.db); err != nil {
			return err
		}
		return c.db.SetAuthorizer(c.authorize)
	})
	if err != nil {
		c.Close()
		return nil, errors.New(sqliteText(err))
	}
	return c, nil
}

// authorize is asked while SQL is compiled. Only the database that was opened may be
// reached: ATTACH is for VACUUM, which attaches a nameless database by itself.
func (c *sqliteConn) authorize(action sqlite3.AuthorizerActionCode, name, arg, _, _ string) sqlite3.AuthorizerReturnCode {
	switch {
	case action == sqlite3.AUTH_ATTACH && (c.preparing || name != ""):
		return sqlite3.AUTH_DENY // an expression for the name arrives as ""
	case action == sqlite3.AUTH_PRAGMA && arg != "" && strings.EqualFold(name, "temp_store"):
		return sqlite3.AUTH_DENY
	}
	return sqlite3.AUTH_OK
}

// do calls SQLite and keeps the error for last_error.
func (c *sqliteConn) do(f func() error) error {
	c.last = c.guard(f)
	return c.last
}

// guard calls f, which calls SQLite. A panic becomes an error: out of memory, or worse.
func (c *sqliteConn) guard(f func() error) (err error) {
	if c.broken != nil {
		return c.broken
	}
	// A connection in WAL mode maps a file. Who makes that file shorter would end the
	// program with a fault.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if e, ok := r.(error); ok && e.Error() == sqlite3.NOMEM.Error() {
			err = sqlite3.NOMEM
			return
		}
		c.broken = fmt.Errorf("SQLite has failed: %v", r)
		err = c.broken
	}()
	return f()
}

// prepare compiles the first statement of sql. It is nil if there is none.
func (c *sqliteConn) prepare(sql string) (st *sqlite3.Stmt, rest string, err error) {
	c.preparing = true
	err = c.do(func() (err error) {
		st, rest, err = c.db.Prepare(sql)
		return err
	})
	c.preparing = false
	return st, rest, err
}

// execute runs all statements of sql.
func (c *sqliteConn) execute(sql string) error {
	for sql != "" {
		st, rest, err := c.prepare(sql)
		if err != nil {
			return err
		}
		if st == nil && rest == sql {
			return nil // it ends with a zero byte
		}
		sql = rest
		if st == nil {
			continue
		}
		if err := c.do(st.Exec); err != nil {
			c.guard(st.Close) // it answers with the same error
			return err
		}
		if err := c.do(st.Close); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the connection with its statements.
func (c *sqliteConn) Close() error {
	if c.db == nil {
		return nil
	}
	db := c.db
	broken := c.broken
	c.broken = nil
	if broken != nil { // a checkpoint would fail as the last call did
		c.guard(func() error { _, err := db.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true); return err })
	}
	for _, st := range slices.Collect(db.Stmts()) {
		c.broken = nil
		c.guard(st.Close)
	}
	c.broken = nil
	err := c.guard(db.Close)
	c.db, c.broken = nil, os.ErrClosed
	return err
}

// A sqliteStmt is a statement. It is closed with its connection.
type sqliteStmt struct {
	conn *sqliteConn
	stmt *sqlite3.Stmt
}

// read calls f, which reads names or values. It traps if that fails.
func (st *sqliteStmt) read(p *runner.Process, f func()) {
	err := st.conn.guard(func() error {
		old := st.stmt.Err() // of a step
		f()
		if err := st.stmt.Err(); err != old {
			return err
		}
		return nil
	})
	if err != nil {
		p.Fail("statement_id", "%s", sqliteText(err))
	}
}

// finish resets or closes the statement. In the middle of its rows that may end a
// transaction.
func (st *sqliteStmt) finish(p *runner.Process, f func() error) (err error) {
	if !st.stmt.Busy() {
		return st.conn.do(f)
	}
	p.Blocking(func() { err = st.conn.do(f) })
	return err
}

// bind gives values to the statement's parameters.
func (st *sqliteStmt) bind(binds []sqliteBinding) error {
	for _, b := range binds {
		i, err := st.parameter(b)
		if err != nil {
			return err
		}
		switch v := b.value.(type) {
		case nil:
			err = st.stmt.BindNull(i)
		case []byte:
			err = st.stmt.BindBlob(i, v)
		case string:
			err = st.stmt.BindText(i, v)
		case float64:
			err = st.stmt.BindFloat(i, v)
		case int64:
			err = st.stmt.BindInt64(i, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parameter returns the number, from 1, of the parameter that a binding is for. A name may
// lack its first character.
func (st *sqliteStmt) parameter(b sqliteBinding) (int, error) {
	if b.name == "" {
		if b.index > maxSqliteLength {
			return 0, sqlite3.RANGE
		}
		return int(b.index), nil
	}
	for _, prefix := range []string{"", ":", "@", "$"} {
		if i := st.stmt.BindIndex(prefix + b.name); i > 0 {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no parameter is called %q", b.name)
}

// sqliteCode is SQLite's primary result code; 1, the general one, for errors that are not
// SQLite's.
func sqliteCode(err error) uint64 {
	var code sqlite3.ErrorCode
	switch {
	case err == nil:
		return ok
	case errors.As(err, &code):
		return uint64(code)
	default:
		return uint64(sqlite3.ERROR)
	}
}

// sqliteText is SQLite's message for an error, without its code's meaning before it.
func sqliteText(err error) string {
	var code sqlite3.ErrorCode
	var full *sqlite3.Error
	text := err.Error()
	if errors.As(err, &full) && full.Unwrap() != nil {
		text = full.Code().Error() // the rest is the system's, with a path of the host
	} else if errors.As(err, &code) {
		if special, ok := strings.CutPrefix(text, code.Error()+": "); ok {
			return special
		}
	}
	return strings.TrimPrefix(text, "sqlite3: ")
}
