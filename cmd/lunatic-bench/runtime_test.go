package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be a player: lunatic-bench runtime starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == playCommand || os.Args[1] == serveCommand) {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// tiny are sizes at which everything runs at once.
func tiny(a args) args {
	for i := range a {
		if a[i] > 10 {
			a[i] = 10
		}
	}
	return a
}

// All players give the results that are wanted.
func TestPlayers(t *testing.T) {
	c, err := parse(*commandNamed("runtime"), []string{"-q", "-short", "-workers", "2"}, os.Stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	kinds, _, done, err := c.playerKinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			p, err := kind.start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			for _, k := range contests() {
				if k.notGo && kind.name == goroutinesName {
					continue
				}
				if k.client != nil {
					if k.play == "http" && wrk() == "" {
						continue
					}
					if s, err := p.serve(t.Context(), &k, k.brief); err != nil || s.requests == 0 {
						t.Fatalf("%s %v: %d requests, %v", k.play, k.brief, s.requests, err)
					}
					continue
				}
				a := tiny(k.sized(true, 2))
				s, err := p.play(&k, a, 2)
				if err != nil {
					t.Fatalf("%s %v: %v", k.play, a, err)
				}
				if s.took <= 0 {
					t.Errorf("%s %v took %v", k.play, a, s.took)
				}
				if k.memory {
					if _, err := p.ask("end"); err != nil {
						t.Fatalf("%s: end: %v", k.play, err)
					}
				}
			}
			if _, err := p.ask("nonsense 1 2"); err == nil || !strings.Contains(err.Error(), "nonsense") && kind.name != "erlang" {
				t.Errorf("an unknown workload: error %v", err)
			}
		})
	}
}

func commandNamed(name string) *command {
	for i := range commands {
		if commands[i].name == name {
			return &commands[i]
		}
	}
	return nil
}

// A wrong result is an error, and the others' figures stay.
func TestWrongResult(t *testing.T) {
	c, err := parse(*commandNamed("runtime"), []string{"-q", "-short", "-rounds", "1", "-workers", "2"}, os.Stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	kinds, _, done, err := c.playerKinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	k := contests()[0]
	k.want = func(a args, _ int) uint64 { return uint64(a[0]) + 1 }
	rows, err := c.compete(t.Context(), &k, kinds)
	if err == nil || strings.Count(err.Error(), "want 5001") != len(kinds) {
		t.Errorf("error %v, want one for each of %d players", err, len(kinds))
	}
	for _, v := range rows[0].Values {
		if v == v {
			t.Errorf("a wrong result has the figure %v", v)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		n              int
		p50, p99, most time.Duration
	}{
		{0, 0, 0, 0},
		{1, 1, 1, 1},
		{100, 50, 99, 100},
		{1000, 500, 990, 1000},
	} {
		var ds []time.Duration
		for i := tt.n; i > 0; i-- {
			ds = append(ds, time.Duration(i))
		}
		var s score
		s.spread(ds)
		if s.p50 != tt.p50 || s.p99 != tt.p99 || s.most != tt.most {
			t.Errorf("%d latencies: %d %d %d, want %d %d %d", tt.n, s.p50, s.p99, s.most, tt.p50, tt.p99, tt.most)
		}
	}
}

func TestTreeSize(t *testing.T) {
	if got := treeSize(1000); got != 1111 {
		t.Errorf("a tree with 1,000 leaves has %d processes, want 1,111", got)
	}
}

func TestWrkScore(t *testing.T) {
	const good = "  Latency Distribution\n     50%    1.23ms\n     99%   48.35ms\n  53821 requests in 2.00s, 7.6MB read\nRequests/sec:  26910.50\n"
	s, err := wrkScore(good)
	want := score{took: 2 * time.Second, requests: 53821, p50: 1230 * time.Microsecond, p99: 48350 * time.Microsecond}
	if err != nil || s != want {
		t.Errorf("got %+v, %v, want %+v", s, err, want)
	}
	for _, bad := range []string{"", good + "  Non-2xx or 3xx responses: 3\n", good + "  Socket errors: connect 0, read 3, write 0, timeout 0\n"} {
		if s, err := wrkScore(bad); err == nil {
			t.Errorf("%q: got %+v and no error", bad, s)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}
