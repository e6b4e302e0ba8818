package asyncify

import (
	"os"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// load reads a module of testdata and finds out who may suspend if all imports but
// env.log do.
func load(t *testing.T, name string) (*wasmparse.Module, *Graph) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasmparse.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	g, err := Scan(m, 2)
	if err != nil {
		t.Fatal(err)
	}
	g.Suspend(func(f wasmparse.FuncIdx) bool {
		return int(f) < m.ImportedFuncs && m.Imports[f].Name != "log"
	})
	g.Throw(func(wasmparse.FuncIdx) bool { return false })
	return m, g
}

func TestGraph(t *testing.T) {
	for _, name := range []string{"graph", "shared"} {
		m, g := load(t, name)
		for _, e := range m.Exports {
			if e.Kind != wasmparse.KindFunc {
				continue
			}
			if got, want := g.MaySuspend[e.Idx], strings.HasPrefix(e.Name, "may"); got != want {
				t.Errorf("%s: %q: got %v", name, e.Name, got)
			}
			if !g.MaySuspend[e.Idx] {
				continue
			}
			f, steps := wasmparse.FuncIdx(e.Idx), 0
			for ; g.Why[f] != f && steps < len(m.Funcs); steps++ {
				f = g.Why[f]
			}
			if int(f) >= m.ImportedFuncs || m.Imports[f].Name != "wait" {
				t.Errorf("%s: %q: the chain of callees ends at func %d, not at env.wait", name, e.Name, f)
			}
		}
	}
}

func TestParallel(t *testing.T) {
	for _, n := range []int{0, 1, 8, 9, 1000} {
		for _, workers := range []int{0, 1, 2, 16} {
			done := make([]int, n)
			Parallel(n, workers, func() func(int) { return func(i int) { done[i]++ } })
			for i, k := range done {
				if k != 1 {
					t.Errorf("n %d, %d workers: item %d done %d times", n, workers, i, k)
				}
			}
		}
	}
}

func TestIsTail(t *testing.T) {
	m, g := load(t, "tail")
	env := &Env{G: g, M: m}
	var p plan
	for _, e := range m.Exports {
		var fn wasmparse.Func
		if err := fn.Decode(m, wasmparse.FuncIdx(e.Idx)); err != nil {
			t.Fatal(err)
		}
		if err := p.prepare(env, &fn); err != nil {
			t.Fatalf("%q: %v", e.Name, err)
		}
		if len(p.sites) == 0 {
			t.Errorf("%q: no site", e.Name)
		}
		for _, s := range p.sites {
			if want := strings.HasPrefix(e.Name, "tail"); s.tail != want {
				t.Errorf("%q: instruction %d: tail is %v", e.Name, s.instr, s.tail)
			}
		}
	}
}
