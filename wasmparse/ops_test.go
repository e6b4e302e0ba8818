package wasmparse

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// testdata/opcodes.txt is a second list of the instructions: prefix, number and
// name, as the specification has them.
func TestOpcodeTable(t *testing.T) {
	list, err := os.ReadFile("testdata/opcodes.txt")
	if err != nil {
		t.Fatal(err)
	}
	type encoding struct {
		prefix byte
		code   uint32
	}
	want := map[encoding]string{}
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		var e encoding
		if len(f) == 3 {
			e.prefix = byte(hex(t, f[0]))
			f = f[1:]
		}
		e.code = hex(t, f[0])
		want[e] = f[1]
	}
	if len(want) != int(numOps) {
		t.Errorf("the list has %d instructions, the table %d", len(want), numOps)
	}
	seen := map[encoding]Opcode{}
	for op := Opcode(0); op < numOps; op++ {
		o := op.Info()
		e := encoding{o.Prefix, o.Code}
		if o.Text == "" {
			t.Errorf("opcode %d has no row in the table", op)
			continue
		}
		if other, dup := seen[e]; dup {
			t.Errorf("%s and %s have the same encoding", op, other)
		}
		seen[e] = op
		if want[e] != o.Text {
			t.Errorf("%02x %02x: the table has %q, the list %q", o.Prefix, o.Code, o.Text, want[e])
		}
		if (o.Params == special) != (o.Results == special) {
			t.Errorf("%s: operands and results must both be special, or neither", op)
		}
	}
}

func hex(t *testing.T, s string) uint32 {
	t.Helper()
	v, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(v)
}

// Step takes operand and result types from the table in 8 bytes.
func TestSignatures(t *testing.T) {
	for op := Opcode(0); op < numOps; op++ {
		o := op.Info()
		if o.Params == special {
			continue
		}
		if len(o.Params) > 3 || len(o.Results) > 1 {
			t.Errorf("%s: %s -> %s does not fit", op, o.Params, o.Results)
		}
		for _, c := range o.Params + o.Results {
			if letterType[c] == 0 {
				t.Errorf("%s: %c is no type", op, c)
			}
		}
	}
}

func TestMatches(t *testing.T) {
	nullType, oneType := RefType(1, true), RefType(1, false)
	for _, c := range []struct {
		t, u ValType
		want bool
	}{
		{I32, I32, true},
		{I32, I64, false},
		{I32, FuncRef, false},
		{FuncRef, ExternRef, false},
		{FuncRef.NonNull(), FuncRef, true},
		{FuncRef, FuncRef.NonNull(), false},
		{nullType, FuncRef, true},
		{oneType, FuncRef, true},
		{oneType, FuncRef.NonNull(), true},
		{nullType, FuncRef.NonNull(), false},
		{oneType, nullType, true},
		{nullType, oneType, false},
		{oneType, RefType(2, true), false},
		{oneType, ExternRef, false},
		{FuncRef, nullType, false},
		{ExnRef.NonNull(), ExnRef, true},
		{Unknown, I32, true},
		{UnknownRef, oneType, true},
		{UnknownRef, I32, false},
	} {
		if got := c.t.Matches(c.u); got != c.want {
			t.Errorf("%v matches %v: %v, want %v", c.t, c.u, got, c.want)
		}
	}
}

func TestValTypeForms(t *testing.T) {
	for _, c := range []struct {
		t                 ValType
		nonNull, nullable string
	}{
		{FuncRef, "(ref func)", "funcref"},
		{ExternRef, "(ref extern)", "externref"},
		{ExnRef, "(ref exn)", "exnref"},
		{RefType(7, true), "(ref 7)", "(ref null 7)"},
		{RefType(maxTypes-1, false), "(ref 999999)", "(ref null 999999)"},
	} {
		if got := c.t.NonNull().String(); got != c.nonNull {
			t.Errorf("%v.NonNull() = %s, want %s", c.t, got, c.nonNull)
		}
		if got := c.t.NonNull().Nullable().String(); got != c.nullable {
			t.Errorf("%v.NonNull().Nullable() = %s, want %s", c.t, got, c.nullable)
		}
		if got := c.t.NonNull().NonNull(); got != c.t.NonNull() {
			t.Errorf("%v: NonNull twice is %s", c.t, got)
		}
	}
}
