package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/transform"
)

// writeStats writes st for people.
func writeStats(w io.Writer, st transform.Stats) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, "\t")+"\t") }
	share := func(n int) string { return percent(int64(n), int64(st.Functions)) }
	row("functions", thousands(int64(st.Functions)))
	row("suspendable", thousands(int64(st.Suspendable)), share(st.Suspendable))
	row("pinned", thousands(int64(st.Pinned)), share(st.Pinned))
	row("resume clones", thousands(int64(st.Clones)), share(st.Clones))
	row("call sites", thousands(int64(st.Sites)))
	row("tail call sites", thousands(int64(st.TailSites)))
	row("charges", thousands(int64(st.Charges)))
	row("largest frame", thousands(int64(st.MaxFrame)), "bytes")
	row("time", st.Time.Round(time.Millisecond).String())
	if st.PeakMemory > 0 {
		row("peak memory", thousands(st.PeakMemory>>20), "MiB")
	}
	t.Flush()
	fmt.Fprintln(w)
	row("section", "before", "after")
	for _, s := range st.Sections {
		row(cli.Printable(s.Name), thousands(s.Before), thousands(s.After), percent(s.After, s.Before))
	}
	row("total", thousands(st.BytesIn), thousands(st.BytesOut), percent(st.BytesOut, st.BytesIn))
	return t.Flush()
}

// writeStatsJSON writes st for programs. Fields are only ever added.
func writeStatsJSON(w io.Writer, st transform.Stats) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(st)
}

// percent is part in hundredths of whole.
func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

// thousands writes n with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// peakMemory is the largest resident size of this process so far in bytes, 0 where the
// system does not tell.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	var kib int64
	fmt.Sscanf(string(line), "%d kB", &kib)
	return kib << 10
}

// A progress is the line on a terminal that says how far a long build is.
type progress struct {
	mu    sync.Mutex // a warning may come while another goroutine reports
	w     io.Writer
	name  string
	now   func() time.Time
	next  time.Time // when the line may be written
	width int       // of the line that stands there
}

// progressAfter is how long a build runs without a line, progressEvery how long a line
// stands.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

func newProgress(w io.Writer, name string) *progress {
	return &progress{w: w, name: name, now: time.Now, next: time.Now().Add(progressAfter)}
}

func (p *progress) update(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(progressEvery)
	line := cli.Printable(fmt.Sprintf("lunatic-build: %s: %s of %s functions (%s)", p.name,
		thousands(int64(done)), thousands(int64(total)), percent(int64(done), int64(total))))
	fmt.Fprintf(p.w, "\r%-*s", p.width, line)
	p.width = len(line)
}

// clear removes the line.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width > 0 {
		fmt.Fprintf(p.w, "\r%*s\r", p.width, "")
		p.width = 0
	}
}
