package host

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/ncruces/go-sqlite3"
)

// SQLite's own instr, replace and trim take the product of the lengths of their
// arguments, days for strings of the greatest length, and cannot be interrupted. These take
// the sum.
// https://sqlite.org/lang_corefunc.html
var sqliteFuncs = []struct {
	name string
	args int
	f    sqlite3.ScalarFunction
}{
	{"instr", 2, sqliteInstr},
	{"replace", 3, sqliteReplace},
	{"trim", 2, sqliteTrim(strings.TrimFunc)},
	{"ltrim", 2, sqliteTrim(strings.TrimLeftFunc)},
	{"rtrim", 2, sqliteTrim(strings.TrimRightFunc)},
}

// replaceFuncs defines them for a connection.
func replaceFuncs(db *sqlite3.Conn) error {
	for _, x := range sqliteFuncs {
		f := func(ctx sqlite3.Context, args ...sqlite3.Value) {
			for _, a := range args {
				if a.Type() == sqlite3.NULL {
					return // null
				}
			}
			x.f(ctx, args...)
		}
		if err := db.CreateFunction(x.name, x.args, sqlite3.DETERMINISTIC|sqlite3.INNOCUOUS, f); err != nil {
			return err
		}
	}
	return nil
}

// sqliteInstr counts characters, or bytes if both arguments are blobs.
func sqliteInstr(ctx sqlite3.Context, args ...sqlite3.Value) {
	if args[0].Type() == sqlite3.BLOB && args[1].Type() == sqlite3.BLOB {
		ctx.ResultInt(1 + bytes.Index(args[0].Blob(nil), args[1].Blob(nil)))
		return
	}
	text := args[0].Text()
	i := strings.Index(text, args[1].Text())
	if i > 0 {
		i = utf8.RuneCountInString(text[:i])
	}
	ctx.ResultInt(1 + i)
}

func sqliteReplace(ctx sqlite3.Context, args ...sqlite3.Value) {
	text, old, with := args[0].Text(), args[1].Text(), args[2].Text()
	if old != "" {
		if len(text)+strings.Count(text, old)*(len(with)-len(old)) > maxSqliteLength {
			ctx.ResultError(sqlite3.TOOBIG)
			return
		}
		text = strings.ReplaceAll(text, old, with)
	}
	ctx.ResultText(text)
}

// sqliteTrim returns the function that removes the characters of its second argument.
func sqliteTrim(trim func(string, func(rune) bool) string) sqlite3.ScalarFunction {
	return func(ctx sqlite3.Context, args ...sqlite3.Value) {
		set := make(map[rune]bool)
		for _, r := range args[1].Text() {
			set[r] = true
		}
		ctx.ResultText(trim(args[0].Text(), func(r rune) bool { return set[r] }))
	}
}
