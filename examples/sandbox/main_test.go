package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var dir = flag.String("dir", "", "take the plugins from the folder sandbox in this one (make libs builds them)")

// Written by hand: 2 apples at 50 and 3 pears at 30 are 190; the bomb gets 1 MiB.
const want = `words    answer: 3
invoice  answer: 190
reader   answer: hello from the host
fetch    answer: rain
fetch    answer: permission denied: connect to 127.0.0.1:1 (no rule allows it)
fetch    refused: runner: permission denied: import from lunatic::networking (the configuration forbids the namespace)
invoice  refused: runner: permission denied: import from prices (the configuration forbids the namespace)
reader   answer: no such file
loop     failed: out of fuel
bomb     answer: 1024
crash    failed: out of bounds memory access
fork     answer: permission denied: spawn processes (config_set_can_spawn_processes)
flood    failed: out of fuel
sleep    failed: no answer within 100ms
kill     failed: it has killed who asked it
`

// Every plugin does what it may, and nothing that it may not; none of them disturbs the next.
func TestJobs(t *testing.T) {
	folder := ""
	if *dir != "" {
		folder = filepath.Join(*dir, "sandbox")
	}
	var out, log bytes.Buffer
	if err := run(context.Background(), &out, &log, folder); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if log.String() != "\"counted\"\n" {
		t.Errorf("the log is %q", log.String())
	}
}

// README.md shows what the test wants.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```text\n(.*?)```").FindSubmatch(text)
	if block == nil || string(block[1]) != want {
		t.Errorf("README.md shows another output than\n%s", want)
	}
}
