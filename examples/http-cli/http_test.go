// Package httpcli tries the programs of this example as their users would: with the command
// and real HTTP.
package httpcli

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var dir = flag.String("dir", "", "the folder with words.wasm, roman.wasm and indent.wasm, which make example-http-cli fills")

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// command builds lunatic-run.
var command = sync.OnceValues(func() (string, error) {
	tmp, err := os.MkdirTemp("", "http-cli")
	if err != nil {
		return "", err
	}
	file := filepath.Join(tmp, "lunatic-run")
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	return file, run(nil, "go", "build", "-o", file, "github.com/lunatic-go/lunatic/cmd/lunatic-run")
})

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if file, err := command(); err == nil {
		os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

func run(env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q: %v\n%s", name, args, err, out)
	}
	return nil
}

// program returns the file of a program. The one in Go is built if there is no folder.
func program(t *testing.T, name string) string {
	t.Helper()
	if *dir != "" {
		return filepath.Join(*dir, name+".wasm")
	}
	if name != "indent" {
		t.Skip("it takes clang and rustc: make example-http-cli")
	}
	file := filepath.Join(t.TempDir(), name+".wasm")
	if err := run([]string{"GOOS=wasip1", "GOARCH=wasm"}, "go", "build", "-o", file, "./go"); err != nil {
		t.Fatal(err)
	}
	return file
}

// serve starts the command with a module and returns the address.
func serve(t *testing.T, module string, flags ...string) (url string) {
	t.Helper()
	lunatic, err := command()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(lunatic, append(append([]string{"--http", "127.0.0.1:0"}, flags...), module)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found := make(chan string, 1)
	var log strings.Builder
	done := make(chan struct{})
	go func() {
		defer close(done)
		at := regexp.MustCompile(`^lunatic-run: (http://\S+)/$`)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			log.WriteString(s.Text() + "\n")
			if m := at.FindStringSubmatch(s.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if runtime.GOOS == "windows" {
			cmd.Process.Kill()
			<-done
			cmd.Wait()
			return
		}
		cmd.Process.Signal(os.Interrupt)
		<-done
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, log.String())
		}
		if t.Failed() {
			t.Logf("standard error:\n%s", log.String())
		}
	})
	select {
	case url = <-found:
	case <-done:
		t.Fatalf("it has ended: %s", log.String())
	case <-time.After(patience):
		t.Fatal("it does not serve")
	}
	return url
}

// An answer is what a request should give.
type answer struct {
	method, path, body string
	status             int
	want               string
}

func try(t *testing.T, url string, answers []answer) {
	t.Helper()
	for _, a := range answers {
		req, err := http.NewRequest(a.method, url+a.path, strings.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != a.status || string(got) != a.want {
			t.Errorf("%s %s %q: got %d %q, %v; want %d %q", a.method, a.path, a.body, resp.StatusCode, got, err, a.status, a.want)
		}
	}
}

func TestC(t *testing.T) {
	url := serve(t, program(t, "words"), "--cgi", "--max-memory", "16M")
	try(t, url, []answer{
		{"POST", "/", "one two\nthree\n", 200, "2 lines, 3 words, 14 bytes\n"},
		{"POST", "/", "", 200, "0 lines, 0 words, 0 bytes\n"},
		{"POST", "/", strings.Repeat("word ", 200_000), 200, "0 lines, 200000 words, 1000000 bytes\n"},
		{"GET", "/", "", 405, "POST a text.\n"},
	})
}

func TestRust(t *testing.T) {
	url := serve(t, program(t, "roman"))
	try(t, url, []answer{
		{"GET", "/1994", "", 200, "MCMXCIV\n"},
		{"GET", "/3999", "", 200, "MMMCMXCIX\n"},
		{"GET", "/", "", 404, "Ask for a number below 4000.\n"},
		{"GET", "/0", "", 502, "502 Bad Gateway\n"},
		{"GET", "/4", "", 200, "IV\n"},
	})
}

func TestGo(t *testing.T) {
	url := serve(t, program(t, "indent"))
	try(t, url, []answer{
		{"POST", "/", `{"a":[1,2]}`, 200, "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n"},
		{"POST", "/", `{"a":`, 400, `{"error":"unexpected end of JSON input"}` + "\n"},
	})
}
