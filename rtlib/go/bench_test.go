//go:build !wasip1

package lunatic_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
)

// A mark is told what a program prints: a line at the beginning and one at the end.
type mark struct{ begin, end chan struct{} }

func (m mark) Write(b []byte) (int, error) {
	switch string(bytes.TrimSpace(b)) {
	case "begin":
		close(m.begin)
	case "end":
		close(m.end)
	}
	return len(b), nil
}

// cost runs testdata/cost.
func cost(b *testing.B, what string) {
	artifact := build(b, "build", "./testdata/cost")
	m := mark{make(chan struct{}), make(chan struct{})}
	rt, err := runner.New(b.Context(), runner.Config{Namespaces: host.All(), Stdout: m, Stderr: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close(context.Background())
	mod, err := rt.Load(b.Context(), artifact)
	if err != nil {
		b.Fatal(err)
	}
	p, err := rt.NewEnvironment().Spawn(mod, runner.ProcessConfig{May: runner.MayAll, Args: []string{"cost", what, fmt.Sprint(b.N)}}, "_start")
	if err != nil {
		b.Fatal(err)
	}
	<-m.begin
	before := resident()
	b.ResetTimer()
	select {
	case <-m.end:
	case <-p.Done():
		b.Fatal(p.Exit())
	}
	b.StopTimer()
	if after := resident(); what == "spawn" && after > 0 {
		b.ReportMetric(float64(after-before)/float64(b.N)/(1<<20), "MiB/process")
	}
}

// resident is the memory that the program takes, in bytes; 0 if that is not known.
func resident() int {
	var size, pages int
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(b), &size, &pages)
	}
	return pages * os.Getpagesize()
}

// A process that is spawned and has answered once, and what it takes while it waits.
func BenchmarkProcess(b *testing.B) { cost(b, "spawn") }

// A request and its answer.
func BenchmarkAsk(b *testing.B) { cost(b, "ask") }
