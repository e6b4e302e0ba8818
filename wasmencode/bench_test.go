package wasmencode_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// bigModule is cmd/gofmt for wasip1, as in the benchmarks of wasmparse.
func bigModule(b *testing.B) *wasmparse.Module {
	b.Helper()
	path := filepath.Join(b.TempDir(), "gofmt.wasm")
	cmd := exec.Command("go", "build", "-o", path, "cmd/gofmt")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if err := cmd.Run(); err != nil {
		b.Skip(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return parse(b, data)
}

func BenchmarkPatch(b *testing.B) {
	m := bigModule(b)
	for _, c := range []struct {
		name string
		p    wasmencode.Patch
	}{
		{"copy", wasmencode.Patch{M: m}},
		{"shift", wasmencode.Patch{M: m, Imports: []wasmencode.FuncImport{{Module: "a", Name: "b"}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(m.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.p.WriteTo(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	m := bigModule(b)
	b.SetBytes(int64(len(m.Data)))
	b.ReportAllocs()
	var f wasmparse.Func
	var buf []byte
	for b.Loop() {
		for i := range m.Bodies {
			if err := f.Decode(m, wasmparse.FuncIdx(m.ImportedFuncs+i)); err != nil {
				b.Fatal(err)
			}
			buf = wasmencode.AppendFunc(buf[:0], &f)
		}
	}
}
