package host

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/ncruces/go-sqlite3"
)

// The serialisation is that of Rust's bincode 1: little endian, lengths and counts as u64,
// variants as u32, options as a byte that is 0 or 1.

// Variants of a binding's key.
const (
	keyNone = iota // parameter 1
	keyIndex
	keyName
)

// Variants of a value.
const (
	valueNull = iota
	valueBlob
	valueText
	valueFloat
	valueInt32 // in a row: any integer, with 64 bits
	valueInt64
)

// A sqliteBinding is a value for a parameter.
type sqliteBinding struct {
	index uint64 // from 1
	name  string // instead of index, if not empty
	value any    // nil, []byte, string, float64 or int64
}

var errBincode = errors.New("malformed list of values")

// bincode reads. The first failure stays: what is read after that is zero.
type bincode struct {
	rest   []byte
	failed bool
}

// next returns the next n bytes.
func (b *bincode) next(n uint64) []byte {
	if b.failed || n > uint64(len(b.rest)) {
		b.failed = true
		return nil
	}
	x := b.rest[:n]
	b.rest = b.rest[n:]
	return x
}

func (b *bincode) u32() uint32 {
	if x := b.next(4); x != nil {
		return binary.LittleEndian.Uint32(x)
	}
	return 0
}

func (b *bincode) u64() uint64 {
	if x := b.next(8); x != nil {
		return binary.LittleEndian.Uint64(x)
	}
	return 0
}

func (b *bincode) bytes() []byte { return b.next(b.u64()) }

func (b *bincode) text() string {
	s := b.bytes()
	if !utf8.Valid(s) {
		b.failed = true
	}
	return string(s)
}

// minBinding is the size of the smallest binding: no key, null.
const minBinding = 8

// readBinds reads the data of bind_value, all of it. Blobs are not copied.
func readBinds(data []byte) ([]sqliteBinding, error) {
	b := bincode{rest: data}
	n := b.u64()
	if b.failed || n > uint64(len(b.rest)/minBinding) {
		return nil, errBincode
	}
	binds := make([]sqliteBinding, 0, n)
	for range n {
		x := b.binding()
		if b.failed {
			return nil, errBincode
		}
		binds = append(binds, x)
	}
	return binds, nil
}

func (b *bincode) binding() (x sqliteBinding) {
	switch b.u32() {
	case keyNone:
		x.index = 1
	case keyIndex:
		x.index = b.u64()
	case keyName:
		x.name = b.text()
		if x.name == "" {
			b.failed = true
		}
	default:
		b.failed = true
	}
	x.value = b.value()
	return x
}

func (b *bincode) value() any {
	switch b.u32() {
	case valueNull:
		return nil
	case valueBlob:
		return b.bytes()
	case valueText:
		return b.text()
	case valueFloat:
		return math.Float64frombits(b.u64())
	case valueInt32:
		return int64(int32(b.u32()))
	case valueInt64:
		return int64(b.u64())
	default:
		b.failed = true
		return nil
	}
}

func appendU64(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) }

func appendBytes[T ~string | ~[]byte](dst []byte, s T) []byte {
	return append(appendU64(dst, uint64(len(s))), s...)
}

// appendNames appends the list of the statement's column names.
func (st *sqliteStmt) appendNames(dst []byte) []byte {
	n := st.stmt.ColumnCount()
	dst = appendU64(dst, uint64(n))
	for i := range n {
		dst = appendBytes(dst, st.stmt.ColumnName(i))
	}
	return dst
}

// appendRow appends the list of the current row's values.
func (st *sqliteStmt) appendRow(dst []byte) []byte {
	n := st.stmt.ColumnCount()
	dst = appendU64(dst, uint64(n))
	for i := range n {
		dst = st.appendValue(dst, i)
	}
	return dst
}

// appendValue appends a value of the current row; null if there is no row.
func (st *sqliteStmt) appendValue(dst []byte, i int) []byte {
	variant := func(v uint32) { dst = binary.LittleEndian.AppendUint32(dst, v) }
	switch st.stmt.ColumnType(i) {
	case sqlite3.INTEGER:
		variant(valueInt32)
		return appendU64(dst, uint64(st.stmt.ColumnInt64(i)))
	case sqlite3.FLOAT:
		variant(valueFloat)
		return appendU64(dst, math.Float64bits(st.stmt.ColumnFloat(i)))
	case sqlite3.TEXT:
		variant(valueText)
		text := st.stmt.ColumnRawText(i)
		if !utf8.Valid(text) { // SQLite does not care, the guest's decoder would fail
			return appendBytes(dst, strings.ToValidUTF8(string(text), "\uFFFD"))
		}
		return appendBytes(dst, text)
	case sqlite3.BLOB:
		variant(valueBlob)
		return appendBytes(dst, st.stmt.ColumnRawBlob(i))
	default:
		variant(valueNull)
		return dst
	}
}

// appendSqliteError appends the code and the text of an error, both options.
func appendSqliteError(dst []byte, err error) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, 1), uint32(sqliteCode(err)))
	return appendBytes(append(dst, 1), sqliteText(err))
}
