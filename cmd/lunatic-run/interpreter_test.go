package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lunatic-go/lunatic/testdata/modules"
)

// Where wazero has no compiler, guests are interpreted: as on linux/386, whose programs run
// on linux/amd64.
func TestInterpreter(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("it builds the command for linux/386, and runs it")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "lunatic-run")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, m := range modules.All {
		if m.Name != "actors" && m.Name != "json" && m.Name != "suspend" {
			continue
		}
		file := filepath.Join(dir, m.Name+".wasm")
		if err := os.WriteFile(file, m.Wasm(), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, flags := range [][]string{nil, {"--stress=all"}} {
			cmd := exec.Command(program, append(append([]string{"--no-cache"}, flags...), file)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || !bytes.Equal(out, m.Want()) {
				t.Errorf("%s %q: %v\n%s\n%s", m.Name, flags, err, firstDifference(out, m.Want()), stderr.Bytes())
			}
		}
	}
}
