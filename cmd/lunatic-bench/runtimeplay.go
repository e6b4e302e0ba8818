package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
)

// playCommand is how this program starts itself as a player; users have no need of it.
const playCommand = "play"

// An act runs a workload. What it returns first answers; release ends what is held, and
// may be nil.
type act func(ctx context.Context, name string, a args) (s score, release func() error, err error)

// play is a player: "lunatic" or "goroutines", workers, folder, and a folder for its CPU
// profile if it has one.
func play(ctx context.Context, argv []string, in io.Reader, out io.Writer) (err error) {
	if len(argv) != 3 && len(argv) != 4 {
		return errors.New("play is for lunatic-bench runtime itself")
	}
	if len(argv) == 4 {
		stop, failed := profile(argv[3])
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	workers, err := strconv.Atoi(argv[1])
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(workers)
	run := act(playGoroutines)
	if argv[0] == oursName {
		cli.ReserveHeap() // as lunatic-run does
		g, err := newGuests(ctx, argv[2], workers)
		if err != nil {
			return err
		}
		defer g.close(ctx)
		run = g.run
	}
	return answerLines(ctx, run, in, out)
}

// profile writes a CPU profile to a new file of the folder.
func profile(dir string) (stop func() error, err error) {
	f, err := os.CreateTemp(dir, "*.prof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

func answerLines(ctx context.Context, run act, in io.Reader, out io.Writer) error {
	var release func() error
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		var s score
		var err error
		switch {
		case len(f) == 1 && f[0] == "collect":
			debug.FreeOSMemory()
		case len(f) == 1 && f[0] == "end" && release != nil:
			err = release()
			release = nil
		case len(f) == 3:
			var a args
			for i := range a {
				if a[i], err = strconv.Atoi(f[i+1]); err != nil {
					return err
				}
			}
			s, release, err = run(ctx, f[0], a)
		default:
			return fmt.Errorf("unexpected line %q", lines.Text())
		}
		if err != nil {
			_, err = fmt.Fprintf(out, "error %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		} else {
			_, err = fmt.Fprintln(out, s.took.Nanoseconds(), s.result, s.p50.Nanoseconds(), s.p99.Nanoseconds(), s.most.Nanoseconds())
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// spread fills in the latencies' percentiles, by nearest rank. It sorts them.
func (s *score) spread(latencies []time.Duration) {
	n := len(latencies)
	if n == 0 {
		return
	}
	slices.Sort(latencies)
	rank := func(percent int) time.Duration { return latencies[(n*percent+99)/100-1] }
	s.p50, s.p99, s.most = rank(50), rank(99), rank(100)
}
