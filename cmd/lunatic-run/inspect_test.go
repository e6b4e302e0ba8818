package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
)

func inspected(t *testing.T, module []byte) inspection {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(file, module, 0o666); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	c := command{stdout: &stdout, stderr: &stderr, build: transform.BuildTo}
	if code := c.run([]string{"inspect", "--json", file}); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var in inspection
	if err := json.Unmarshal(stdout.Bytes(), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

// What inspect finds in artifacts is what the build says that it has made.
func TestInspectArtifacts(t *testing.T) {
	for _, m := range modules.All {
		module := m.Wasm()
		if m.Exceptions || len(module) > 1<<20 {
			continue
		}
		artifact, st, err := transform.Build(t.Context(), module, transform.Options{Version: cli.Version()})
		if err != nil {
			t.Fatal(err)
		}
		plain, built := inspected(t, module), inspected(t, artifact)
		if w := plain.Would; w == nil || w.Functions != st.Functions || w.Suspendable != st.Suspendable || w.Charges != st.Charges || w.Bytes != st.BytesOut {
			t.Errorf("%s: the module would be %+v, but the build says %+v", m.Name, w, st)
		}
		b := built.Built
		if b == nil || built.Would != nil || !b.Runs || b.Preempt != "park" || b.Suspendable != st.Clones || int(b.MaxFrame) != st.MaxFrame {
			t.Errorf("%s: the artifact is %+v, but the build says %+v", m.Name, b, st)
		}
		if !slices.EqualFunc(plain.Exports, built.Exports, func(a, b exported) bool { return a == b }) {
			t.Errorf("%s: exports before and after: %v, %v", m.Name, plain.Exports, built.Exports)
		}
		if len(built.Unknown) > 0 {
			t.Errorf("%s: unknown imports: %q", m.Name, built.Unknown)
		}
		sum := 8 // the header
		for _, s := range built.Section {
			sum += s.Bytes
		}
		if sum != built.Bytes || built.Bytes != len(artifact) {
			t.Errorf("%s: sections have %d bytes, the file %d", m.Name, sum, len(artifact))
		}
		// Without resume clones every charge is there once.
		artifact, st, err = transform.Build(t.Context(), module, transform.Options{NoSuspend: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := inspected(t, artifact).Built.Charges; got != st.Charges {
			t.Errorf("%s: %d charges were found, the build says %d", m.Name, got, st.Charges)
		}
	}
}

func TestNeeds(t *testing.T) {
	want := map[string][]string{
		"actors": {"spawn"},
		"wasi":   {"directories", "variables", "arguments"},
	}
	for _, m := range modules.All {
		names, ok := want[m.Name]
		if !ok {
			continue
		}
		delete(want, m.Name)
		var got []string
		for _, n := range inspected(t, m.Wasm()).Needs {
			got = append(got, n.Name)
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s needs %q, want %q", m.Name, got, names)
		}
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}

// Whatever a file holds, inspect prints an error or a text; it does not panic.
func FuzzInspect(f *testing.F) {
	for _, m := range modules.All {
		if module := m.Wasm(); len(module) < 60<<10 {
			f.Add(module)
		}
	}
	artifact, _, err := transform.Build(f.Context(), modules.All[0].Wasm(), transform.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(artifact)
	f.Fuzz(func(t *testing.T, module []byte) {
		var stdout bytes.Buffer
		c := command{stdout: &stdout, stderr: io.Discard, build: transform.BuildTo}
		in, err := c.inspect(t.Context(), module)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		if err := in.write(&stdout); err != nil || stdout.Len() == 0 {
			t.Errorf("nothing was printed: %v", err)
		}
	})
}
