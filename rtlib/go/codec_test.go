package lunatic

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type (
	shape  interface{ area() float64 }
	square struct{ Side float64 }
	circle struct{ Radius float64 }

	tree struct {
		Name     string
		Children []*tree
		hidden   int
	}
	everything struct {
		B    bool
		I    int
		I8   int8
		U16  uint16
		U    uint64
		F32  float32
		F    float64
		C    complex128
		S    string
		Raw  []byte
		L    []int
		Nil  []int
		A    [3]string
		M    map[string][]int
		P    *int
		None struct{}
		Tree tree
		T    time.Time
		Any  any
		Some []shape
		ID   Process[string]
	}
)

func (s square) area() float64  { return s.Side * s.Side }
func (c *circle) area() float64 { return math.Pi * c.Radius * c.Radius }

var _, _ = RegisterType[square](), RegisterType[*circle]()

func TestCodec(t *testing.T) {
	seven := 7
	in := everything{
		B: true, I: math.MinInt, I8: -128, U16: 65535, U: 1<<64 - 1, F32: 1.5, F: math.Inf(-1), C: complex(1, -2),
		S: "héllo", Raw: []byte{0, 255}, L: []int{}, A: [3]string{"a", "", "c"}, M: map[string][]int{"x": {1, 2}, "": nil},
		P: &seven, Tree: tree{"root", []*tree{{Name: "leaf"}, nil}, 0}, T: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Any: "text", Some: []shape{square{2}, &circle{1}, nil}, ID: Process[string]{42},
	}
	out := again(t, in)
	if !reflect.DeepEqual(in, out) {
		t.Errorf("got\n%+v\nwant\n%+v", out, in)
	}
	if got := again(t, tree{Name: "a", hidden: 3}); got.hidden != 0 {
		t.Errorf("an unexported field was sent: %+v", got)
	}
}

// again encodes and decodes.
func again[M any](t *testing.T, m M) M {
	t.Helper()
	e, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decode[M](e.b)
	if err != nil {
		t.Fatalf("%v, of %x", err, e.b)
	}
	return out
}

// What stands in docs: other languages read and write these.
func TestPlainMessages(t *testing.T) {
	for _, tt := range []struct {
		name string
		e    *encoder
		err  error
	}{
		{"string", first(encode("abc")), nil},
		{"bytes", first(encode([]byte("abc"))), nil},
	} {
		if string(tt.e.b) != "abc" {
			t.Errorf("%s: %q", tt.name, tt.e.b)
		}
	}
	// A struct is its fields: a zigzag varint, a length and bytes.
	e := first(encode(struct {
		N int
		S string
	}{-1, "x"}))
	if want := []byte{1, 1, 'x'}; !bytes.Equal(e.b, want) {
		t.Errorf("got %x, want %x", e.b, want)
	}
}

func first(e *encoder, err error) *encoder {
	if err != nil {
		panic(err)
	}
	return e
}

func TestCannotBeSent(t *testing.T) {
	loop := &tree{}
	loop.Children = []*tree{loop}
	for name, err := range map[string]error{
		"a chan int cannot be sent": second(encode(make(chan int))),
		"a func() cannot be sent":   second(encode(struct{ F func() }{})),
		"is not registered":         second(encode[any](tree{})),
		"nested deeper than 200":    second(encode(loop)),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func second(_ *encoder, err error) error { return err }

func TestBadMessages(t *testing.T) {
	good := first(encode(everything{Some: []shape{square{2}}, Tree: tree{Name: "x", Children: []*tree{{}}}})).b
	for i := range good {
		if _, err := decode[everything](good[:i]); err == nil {
			t.Errorf("the first %d of %d bytes are no error", i, len(good))
		}
	}
	for name, b := range map[string][]byte{
		"1 bytes are too many":      append(bytes.Clone(good), 0),
		"the message is too short":  {0, 0, 0, 0, 0},
		"5000 does not fit":         {0, 0, 0x90, 0x4e},
		"no any of the type":        nil,
		"an array has 2 elements":   nil,
		"a key cannot be compared":  nil,
		"nested deeper than 200":    nil,
		"no lunatic.shape of the t": nil,
	} {
		var err error
		switch name {
		case "no any of the type":
			name = "no interface {} of the type \"x\" is registered"
			_, err = decode[any]([]byte{1, 'x'})
		case "no lunatic.shape of the t":
			_, err = decode[shape](first(encode[any]("text")).b)
		case "an array has 2 elements":
			_, err = decode[[3]int]([]byte{2, 0, 0})
		case "a key cannot be compared":
			_, err = decode[map[any]bool](append([]byte{1, 1}, append(first(encode[any]([]byte("b"))).b, 1)...))
		case "nested deeper than 200":
			type list struct{ Next *list }
			_, err = decode[list](bytes.Repeat([]byte{1}, 1000))
		default:
			_, err = decode[everything](b)
		}
		var bad *codecError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// A list in a message that claims to be long sizes nothing.
func TestHostileLength(t *testing.T) {
	b := append([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f}, make([]byte, 100)...)
	if allocs := testing.AllocsPerRun(1, func() {
		if _, err := decode[[][1 << 10]int](b); err == nil {
			t.Error("no error")
		}
	}); allocs > 20 {
		t.Errorf("%v allocations", allocs)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(first(encode(everything{Some: []shape{square{2}}, Tree: tree{Name: "x", Children: []*tree{{}}}, M: map[string][]int{"a": {1}}})).b)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode[everything](b)
		if err != nil {
			return
		}
		e, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode[everything](e.b); err != nil {
			t.Fatalf("%v: %x became %x", err, b, e.b)
		}
	})
}
