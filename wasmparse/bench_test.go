package wasmparse_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// bigModule is cmd/gofmt for wasip1. It is built once and kept with the go command's
// own cache.
var bigModule = sync.OnceValue(func() []byte {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	path := filepath.Join(dir, "lunatic-test-gofmt.wasm")
	if data, err := os.ReadFile(path); err == nil {
		return data
	}
	tmp := path + ".tmp"
	cmd := exec.Command("go", "build", "-o", tmp, "cmd/gofmt")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if cmd.Run() != nil || os.Rename(tmp, path) != nil {
		return nil
	}
	data, _ := os.ReadFile(path)
	return data
})

func bigParsed(tb testing.TB) *wasmparse.Module {
	tb.Helper()
	data := bigModule()
	if data == nil {
		tb.Skip("cannot build cmd/gofmt for wasip1")
	}
	m, err := wasmparse.Parse(data)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func codeSize(m *wasmparse.Module) (n int64) {
	for _, b := range m.Bodies {
		n += int64(b.End - b.Off)
	}
	return n
}

func defined(m *wasmparse.Module, i int) wasmparse.FuncIdx {
	return wasmparse.FuncIdx(m.ImportedFuncs + i)
}

func BenchmarkParse(b *testing.B) {
	data := bigParsed(b).Data
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wasmparse.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	m := bigParsed(b)
	b.SetBytes(codeSize(m))
	b.ReportAllocs()
	var s wasmparse.Scanner
	instrs := 0
	for b.Loop() {
		instrs = 0
		for i := range m.Bodies {
			for s.ResetBody(m, defined(m, i)); s.Next(); {
				instrs++
			}
		}
	}
	perInstr(b, instrs)
}

func BenchmarkDecode(b *testing.B) {
	m := bigParsed(b)
	b.SetBytes(codeSize(m))
	b.ReportAllocs()
	var f wasmparse.Func
	instrs := 0
	for b.Loop() {
		instrs = 0
		for i := range m.Bodies {
			if err := f.Decode(m, defined(m, i)); err != nil {
				b.Fatal(err)
			}
			instrs += len(f.Instrs)
		}
	}
	perInstr(b, instrs)
}

func BenchmarkValidate(b *testing.B) {
	m := bigParsed(b)
	b.SetBytes(codeSize(m))
	b.ReportAllocs()
	var f wasmparse.Func
	var s wasmparse.Stack
	instrs := 0
	for b.Loop() {
		instrs = 0
		for i := range m.Bodies {
			if err := m.ValidateBody(defined(m, i), &f, &s); err != nil {
				b.Fatal(err)
			}
			instrs += len(f.Instrs)
		}
	}
	perInstr(b, instrs)
}

// perInstr reports the time for each of n instructions of a round.
func perInstr(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/instr")
}

func TestInstrSize(t *testing.T) {
	if n := unsafe.Sizeof(wasmparse.Instr{}); n != 16 {
		t.Errorf("an Instr has %d bytes, want 16", n)
	}
}

func TestNoAllocations(t *testing.T) {
	m := bigParsed(t)
	n := min(len(m.Bodies), 300)
	var scan wasmparse.Scanner
	var f wasmparse.Func
	var s wasmparse.Stack
	for name, run := range map[string]func(i int){
		"Scanner": func(i int) {
			for scan.ResetBody(m, defined(m, i)); scan.Next(); {
			}
		},
		"Func.Decode": func(i int) {
			if err := f.Decode(m, defined(m, i)); err != nil {
				t.Fatal(err)
			}
		},
		"Stack.Step": func(i int) {
			if err := m.ValidateBody(defined(m, i), &f, &s); err != nil {
				t.Fatal(err)
			}
		},
	} {
		all := func() {
			for i := range n {
				run(i)
			}
		}
		all() // warm
		if got := testing.AllocsPerRun(5, all); got != 0 {
			t.Errorf("%s: %v allocations in %d functions, want 0", name, got, n)
		}
	}
}
