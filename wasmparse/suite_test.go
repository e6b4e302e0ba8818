package wasmparse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// suites are the folders of the specification's test suite that come with wazero.
var suites = []string{"v1", "v2", "threads", "tail-call", "extended-const",
	"exception-handling", "typed-function-references"}

// A suiteModule is one module of the suite and what is said of it.
type suiteModule struct {
	suite, file string // of the script, as "v2/br.json"
	line        int
	path        string
	kind        string // module, assert_malformed, assert_invalid, …
	text        string
}

var suiteDir = sync.OnceValue(func() string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest")
})

// suiteModules lists the modules of the suite that are in the binary format.
func suiteModules(t testing.TB) []suiteModule {
	t.Helper()
	if suiteDir() == "" {
		t.Fatal("the wazero module is not there: go mod download")
	}
	var all []suiteModule
	for _, suite := range suites {
		scripts, err := filepath.Glob(filepath.Join(suiteDir(), suite, "testdata", "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("suite %s: no scripts: %v", suite, err)
		}
		for _, script := range scripts {
			all = append(all, readScript(t, suite, script)...)
		}
	}
	return all
}

func readScript(t testing.TB, suite, script string) (ms []suiteModule) {
	t.Helper()
	b, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Commands []struct {
			Type, Filename, Text string
			Line                 int
			ModuleType           string `json:"module_type"`
		}
	}
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Commands {
		if c.Filename == "" || c.ModuleType == "text" {
			continue
		}
		ms = append(ms, suiteModule{
			suite: suite, file: suite + "/" + filepath.Base(script), line: c.Line,
			path: filepath.Join(filepath.Dir(script), c.Filename), kind: c.Type, text: c.Text,
		})
	}
	return ms
}

// parseAndValidate is all the checking there is.
func parseAndValidate(data []byte) (*wasmparse.Module, error) {
	m, err := wasmparse.Parse(data)
	if err != nil {
		return nil, err
	}
	return m, m.Validate()
}

func TestSuite(t *testing.T) {
	seen := map[string]bool{}
	for _, sm := range suiteModules(t) {
		data, err := os.ReadFile(sm.path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parseAndValidate(data)
		msg := sm.judge(err)
		at := fmt.Sprintf("%s:%d", sm.file, sm.line)
		_, known := differs[at]
		switch {
		case msg != "" && !known:
			t.Errorf("%s (%s): %s", at, filepath.Base(sm.path), msg)
		case msg != "":
			seen[at] = true
		}
	}
	for at, reason := range differs {
		if !seen[at] {
			t.Errorf("%s passes, or is gone, but is in the list: %s", at, reason)
		}
	}
}

// judge compares what we say of a module with what the suite does, and returns how
// they differ.
func (sm *suiteModule) judge(err error) string {
	want := map[string]error{"assert_malformed": wasmparse.ErrMalformed, "assert_invalid": wasmparse.ErrInvalid}[sm.kind]
	if want == nil {
		if err != nil {
			return fmt.Sprintf("valid, but: %v", err)
		}
		return ""
	}
	text := sm.text
	if now, ok := renamed[text]; ok && sm.suite == "v1" {
		text = now
	}
	var e *wasmparse.Error
	switch {
	case err == nil:
		return fmt.Sprintf("accepted, want %v: %s", want, sm.text)
	case !errors.As(err, &e):
		return fmt.Sprintf("not an *Error: %v", err)
	case !errors.Is(err, want) && !errors.Is(err, wasmparse.ErrUnsupported):
		// What a later proposal allows, and we refuse, is unsupported instead.
		return fmt.Sprintf("%v: %v, want %v: %s", e.Err, err, want, sm.text)
	case !strings.HasPrefix(e.Msg, text):
		return fmt.Sprintf("got %q, want prefix %q", e.Msg, sm.text)
	}
	return ""
}

// renamed are texts of the suite of version 1 that version 2 has changed.
var renamed = map[string]string{
	"invalid UTF-8 encoding": "malformed UTF-8 encoding",
	"invalid mutability":     "malformed mutability",
	"invalid section id":     "malformed section id",
	"zero flag expected":     "zero byte expected",
}
