package runner

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// dialectRuntime offers a.f of two types, and a.g of one.
func dialectRuntime(t testing.TB) *Runtime {
	t.Helper()
	one := func(p *Process, stack []uint64) { stack[0] = 1 }
	two := func(p *Process, stack []uint64) { stack[0] = 2 }
	rt, err := New(context.Background(), Config{Namespaces: []Namespace{{Name: "a", Funcs: []Func{
		{Name: "f", Type: "i64 i64 -> i32", Call: one},
		{Name: "f/old", Of: "f", Type: "i64 -> i32", Call: two},
		{Name: "g", Type: "i64 -> i32", Call: one},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close(context.Background()) })
	return rt
}

// module concatenates a header and sections: a number, then what it contains.
func module(sections ...string) []byte {
	m := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		m = append(append(m, s[0], byte(len(s)-1)), s[1:]...)
	}
	return m
}

const (
	twoTypes = "\x01\x03\x60\x01\x7e\x01\x7f\x60\x02\x7e\x7e\x01\x7f\x60\x00\x00" // (i64) i32; (i64 i64) i32; ()
	code     = "\x0a\x01\x00"
)

func TestTranslate(t *testing.T) {
	rt := dialectRuntime(t)
	tests := []struct {
		name     string
		in, want []byte
	}{
		{"variant", module(twoTypes, "\x02\x01\x01a\x01f\x00\x00", "\x03\x00", code), module(twoTypes, "\x02\x01\x01a\x05f/old\x00\x00", "\x03\x00", code)},
		{"the usual type", module(twoTypes, "\x02\x01\x01a\x01f\x00\x01"), nil},
		{"neither type", module(twoTypes, "\x02\x01\x01a\x01f\x00\x02"), nil},
		{"no variants", module(twoTypes, "\x02\x01\x01a\x01g\x00\x00"), nil},
		{"another namespace", module(twoTypes, "\x02\x01\x01b\x01f\x00\x00"), nil},
		{"among others", module(twoTypes, "\x02\x03\x01a\x01f\x00\x01\x01a\x01f\x00\x00\x01a\x01g\x00\x00"),
			module(twoTypes, "\x02\x03\x01a\x01f\x00\x01\x01a\x05f/old\x00\x00\x01a\x01g\x00\x00")},
		{"twice", module(twoTypes, "\x02\x02\x01a\x01f\x00\x00\x01a\x01f\x00\x00"), module(twoTypes, "\x02\x02\x01a\x05f/old\x00\x00\x01a\x05f/old\x00\x00")},
		{"padded numbers", module("\x01\x81\x00\x60\x81\x80\x00\x7e\x81\x00\x7f", "\x02\x81\x00\x81\x00a\x81\x00f\x00\x80\x00"),
			module("\x01\x81\x00\x60\x81\x80\x00\x7e\x81\x00\x7f", "\x02\x81\x00\x81\x00a\x05f/old\x00\x80\x00")},
		{"a reference type", module("\x01\x01\x60\x01\x64\xfe\x00\x01\x7f", "\x02\x01\x01a\x01f\x00\x00"), nil},
		{"a custom section first", module("\x00\x01x", twoTypes, "\x02\x01\x01a\x01f\x00\x00"), module("\x00\x01x", twoTypes, "\x02\x01\x01a\x05f/old\x00\x00")},
		{"imports before types", module("\x02\x01\x01a\x01f\x00\x00", twoTypes), nil},
		{"unknown type", module(twoTypes, "\x02\x01\x01a\x01f\x00\x09"), nil},
		{"huge type", module(twoTypes, "\x02\x01\x01a\x01f\x00\xff\xff\xff\xff\x0f"), nil},
		{"a memory first", module(twoTypes, "\x02\x02\x01a\x01m\x02\x00\x01\x01a\x01f\x00\x00"), nil},
		{"too many imports", module(twoTypes, "\x02\xff\xff\xff\xff\x0f\x01a\x01g\x00\x00"), nil},
		{"too many types", module("\x01\xff\xff\xff\xff\x0f\x60\x01\x7e\x01\x7f", "\x02\x01\x01a\x01f\x00\x00"), module("\x01\xff\xff\xff\xff\x0f\x60\x01\x7e\x01\x7f", "\x02\x01\x01a\x05f/old\x00\x00")},
		{"too many parameters", module("\x01\x01\x60\xff\xff\xff\xff\x0f\x7e", "\x02\x01\x01a\x01f\x00\x00"), nil},
		{"too long a section", []byte("\x00asm\x01\x00\x00\x00\x02\xff\x01\x01"), nil},
		{"a header only", []byte("\x00asm\x01\x00\x00\x00"), nil},
		{"less", []byte("\x00as"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == nil {
				want = tt.in
			}
			in := bytes.Clone(tt.in)
			if got := rt.translate(tt.in); !bytes.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if !bytes.Equal(in, tt.in) {
				t.Error("the input has changed")
			}
		})
	}
}

// A module that is cut off or damaged anywhere does no harm.
func TestTranslateDamaged(t *testing.T) {
	rt := dialectRuntime(t)
	m := module(twoTypes, "\x02\x03\x01a\x01f\x00\x01\x01a\x01f\x00\x00\x01a\x01g\x00\x00", code)
	for i := range m {
		rt.translate(m[:i:i])
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff} {
			bad := bytes.Clone(m)
			bad[i] = b
			rt.translate(bad)
		}
	}
}

// A module with both types of one import gets both functions.
func TestVariantsRun(t *testing.T) {
	rt := dialectRuntime(t)
	ctx := context.Background()
	// _start: unreachable unless f(0) is 2 and f(0, 0) is 1
	m := module(twoTypes, "\x02\x02\x01a\x01f\x00\x00\x01a\x01f\x00\x01", "\x03\x01\x02", "\x07\x01\x06_start\x00\x02",
		"\x0a\x01\x1a\x00\x42\x00\x10\x00\x41\x02\x47\x04\x40\x00\x0b\x42\x00\x42\x00\x10\x01\x41\x01\x47\x04\x40\x00\x0b\x0b")
	mod, err := rt.Load(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, ProcessConfig{})
	if err != nil || exit.Reason != ExitNormal {
		t.Errorf("exit %+v, error %v", exit, err)
	}
	if _, err := rt.Load(ctx, module(twoTypes, "\x02\x01\x01a\x01f\x00\x02")); err == nil || !strings.Contains(err.Error(), "f") {
		t.Errorf("a third type: error %v", err)
	}
}

func FuzzTranslate(f *testing.F) {
	rt := dialectRuntime(f)
	f.Add(module(twoTypes, "\x02\x03\x01a\x01f\x00\x01\x01a\x01f\x00\x00\x01a\x01g\x00\x00", code))
	f.Fuzz(func(t *testing.T, m []byte) {
		out := rt.translate(m)
		if again := rt.translate(out); !bytes.Equal(again, out) {
			t.Errorf("%q became %q, and then %q", m, out, again)
		}
	})
}
