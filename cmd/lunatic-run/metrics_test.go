package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
)

// While the program names waits for the end of its standard input, /metrics shows what it
// has counted and what the runtime has.
func TestMetrics(t *testing.T) {
	var file string
	for _, m := range modules.All {
		if m.Name == "names" {
			file = filepath.Join(t.TempDir(), "names.wasm")
			if err := os.WriteFile(file, m.Wasm(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	stdin, more := io.Pipe()
	stdout, out := io.Pipe()
	stderr, errs := io.Pipe()
	c := command{stdin: stdin, stdout: out, stderr: errs, build: transform.BuildTo}
	code := make(chan int, 1)
	go func() {
		code <- c.run([]string{"--no-cache", "--metrics", "127.0.0.1:0", file})
		out.Close()
		errs.Close()
	}()
	var url string
	counted := make(chan bool, 1)
	go func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			if s.Text() == "counted" {
				counted <- true
			}
		}
	}()
	lines := bufio.NewScanner(stderr)
	if lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "metrics at ")
	}
	go func() {
		for lines.Scan() {
		}
	}()
	select {
	case <-counted:
	case <-code:
		t.Fatal("the program has ended")
	case <-time.After(time.Minute):
		t.Fatal("the program does not come to its end")
	}
	body := fetch(t, url)
	for _, line := range []string{
		"guest_names__total_total 41", "guest_names__gauge 0.5", "guest_names__time_sum 0.125", "guest_names__answers_total 20",
		"lunatic_processes 1", "lunatic_names 1", `lunatic_processes_ended_total{reason="killed"} 1`, `lunatic_processes_ended_total{reason="failed"} 1`,
		"lunatic_processes_spawned_total 23", "lunatic_guest_metrics_dropped_total 0", "go_goroutines [0-9]+",
	} {
		if !regexp.MustCompile("(?m)^" + strings.NewReplacer("{", `\{`, "}", `\}`).Replace(line) + "$").MatchString(body) {
			t.Errorf("%s is missing in\n%s", line, body)
		}
	}
	more.Close()
	if n := <-code; n != 0 {
		t.Errorf("exit code %d", n)
	}
	if resp, err := http.Get(url); err == nil {
		resp.Body.Close()
		t.Error("metrics are answered after the end")
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %s, error %v", resp.Status, err)
	}
	return string(body)
}
