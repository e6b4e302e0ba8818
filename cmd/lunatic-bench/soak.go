package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/tetratelabs/wazero/api"
)

// The soak lets processes do at random what there is to do, for as long as one likes:
// testdata/bench/soak/soak.c. A ledger that all of them report to knows what must be true:
//
//   - between living processes no message is lost, doubled or changed, and those of one
//     sender with one tag arrive in their order; the same for timers and requests;
//   - who survives it is told of each linked process's end exactly once, and who does not
//     ends; a monitor tells exactly once; nobody ends without a reason;
//   - memory is nobody else's, limits hold, the registry has no dead process;
//   - at the end no process, goroutine, linear memory or descriptor is left.
//
// It goes in rounds, each with a runtime of its own: plain, then each way of stress. What the
// processes choose follows from the seed; when they do it does not.

// A soakMode is the way of a round.
type soakMode struct {
	name   string
	stress runner.Stress
}

var soakModes = []soakMode{
	{"plain", 0},
	{"suspend", runner.StressSuspend},
	{"yield", runner.StressYield},
	{"window", runner.StressWindow},
	{"hibernate", runner.StressHibernate},
	{"all", runner.StressAll},
}

const (
	// soakRound is the longest round.
	soakRound = 20 * time.Second
	// soakPatience is how long the end of a round may take, on a machine that does other things.
	soakPatience = 4 * time.Minute
	// soakProcesses is how many there are, about, and soakActors how many of the host's.
	soakProcesses = 60
	soakActors    = 4
)

// soakCommand is the command soak.
func soakCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := &config{}
	fs := flag.NewFlagSet("lunatic-bench soak", flag.ContinueOnError)
	fs.SetOutput(stderr)
	total := fs.Duration("t", 30*time.Second, "for how long")
	seed := fs.Uint64("seed", 0, "of the first round (default: a random one)")
	mode := fs.String("mode", "", "only one of plain, suspend, yield, window, all")
	fs.StringVar(&c.dir, "dir", "", "the benchmarks (default testdata/bench of the project around the working directory)")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	}
	err := c.locate()
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	modes := soakModes
	if *mode != "" {
		i := slices.IndexFunc(modes, func(m soakMode) bool { return m.name == *mode })
		if i < 0 && err == nil {
			err = fmt.Errorf("-mode: unknown %q", *mode)
		} else if i >= 0 {
			modes = modes[i : i+1]
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "lunatic-bench: %v\n", err)
		return exitUsage
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1 << 40)
	}
	artifact, err := soakArtifact(ctx, c.dir)
	if err != nil {
		fmt.Fprintf(stderr, "lunatic-bench: soak: %v\n", err)
		return exitFailed
	}
	round := min(soakRound, max(*total/time.Duration(len(modes)), 100*time.Millisecond))
	end := time.Now().Add(*total)
	for i := 0; ctx.Err() == nil && (i < len(modes) || time.Until(end) > round/2); i++ {
		m := modes[0]
		modes = append(modes[1:len(modes):len(modes)], m)
		s := soak{artifact: artifact, stress: m.stress, seed: *seed}
		err := s.run(ctx, round)
		fmt.Fprintf(stdout, "%-8s seed %d: %s\n", m.name, *seed, s.ledger.summary())
		if err != nil {
			fmt.Fprintf(stderr, "lunatic-bench: soak: mode %s, seed %d: %v\n", m.name, *seed, err)
			return exitFailed
		}
		*seed++
	}
	return 0
}

// soakArtifact builds the guest.
func soakArtifact(ctx context.Context, dir string) ([]byte, error) {
	wasm, err := os.ReadFile(filepath.Join(dir, "soak", "soak.wasm"))
	if err != nil {
		return nil, err
	}
	artifact, _, err := transform.Build(ctx, wasm, transform.Options{})
	return artifact, err
}

// A soak is one round.
type soak struct {
	artifact []byte
	stress   runner.Stress
	seed     uint64

	ledger   *soakLedger
	rt       *runner.Runtime
	env      *runner.Environment
	mod      *runner.Module
	listener *runner.Process
	rand     *rand.Rand
	actors   sync.WaitGroup
	// before the round
	goroutines  int
	descriptors []string
}

// run does things for as long as d, and ends all.
func (s *soak) run(ctx context.Context, d time.Duration) error {
	s.ledger = newSoakLedger(soakProcesses)
	s.ledger.slow = s.stress&runner.StressYield != 0
	s.rand = rand.New(rand.NewPCG(s.seed, 0))
	s.goroutines, s.descriptors = runtime.NumGoroutine(), soakDescriptors()
	err := s.start(ctx)
	if err == nil {
		err = s.busy(ctx, d)
	}
	if err == nil {
		err = s.finish(ctx)
	}
	if err == nil {
		s.ledger.audit()
		err = s.wrong()
	}
	if s.rt != nil && err != nil { // not so important any more
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		s.ledger.setPhase(soakFinish)
		s.rt.Close(closing)
		return err
	}
	if s.rt != nil {
		err = s.close(ctx)
	}
	return err
}

func (s *soak) wrong() error {
	if w := s.ledger.violations(); len(w) > 0 {
		return errors.New(strings.Join(w, "\n"))
	}
	return nil
}

// start makes the runtime and the first processes.
func (s *soak) start(ctx context.Context) (err error) {
	l := s.ledger
	// In the plain ways processes hibernate whenever they happen to wait a little.
	s.rt, err = runner.New(ctx, runner.Config{
		HibernateAfter: time.Duration(1+s.rand.IntN(20)) * time.Millisecond,
		Namespaces:     append(host.All(), l.namespace()), Stress: s.stress, MaxProcesses: 4 * soakProcesses, MaxTotalMemory: 1 << 30,
		OnFailure: func(p *runner.Process, e runner.Exit) { l.trapped(p.ID(), e.Err.Error()) },
	})
	if err != nil {
		return err
	}
	if s.mod, err = s.rt.Load(ctx, s.artifact); err != nil {
		return err
	}
	s.env = s.rt.NewEnvironment()
	if l.auditor, err = newSoakAuditor(s.env, l); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	for i := range soakActors {
		r := rand.New(rand.NewPCG(s.seed, uint64(i)+1))
		s.actors.Go(func() { l.soakActs(s.env, r) })
	}
	return nil
}

func (s *soak) spawn(entry string, args ...uint64) (*runner.Process, error) {
	var values []runner.Value
	for _, a := range args {
		values = append(values, runner.Value{Type: api.ValueTypeI64, Bits: [2]uint64{a}})
	}
	return s.env.Spawn(s.mod, runner.ProcessConfig{May: runner.MayAll, MaxMemory: 4 << 20}, entry, values...)
}

// listen starts a listener, unless one lives.
func (s *soak) listen() error {
	if s.listener != nil {
		select {
		case <-s.listener.Done():
		default:
			return nil
		}
	}
	p, err := s.spawn("listener", 300)
	if errors.Is(err, runner.ErrTooMany) {
		return nil
	}
	s.listener = p
	return err
}

// busy keeps the processes going for as long as d.
func (s *soak) busy(ctx context.Context, d time.Duration) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if s.ledger.room() {
			if _, err := s.spawn("worker", s.rand.Uint64(), 0, 0, 0); err != nil && !errors.Is(err, runner.ErrTooMany) {
				return err
			}
		}
		if err := s.listen(); err != nil {
			return err
		}
		s.stop(300)
		s.rouse(s.rand.IntN(2) == 0)
		if err := s.wrong(); err != nil {
			return err
		}
	}
	return nil
}

// rouse kills or wakes who hibernates.
func (s *soak) rouse(kill bool) {
	l := s.ledger
	l.mu.Lock()
	asleep := l.asleep
	l.asleep = nil
	if kill {
		for _, id := range asleep {
			l.procs[id].killed = true
		}
	}
	l.mu.Unlock()
	for _, id := range asleep {
		if kill {
			s.env.Kill(id)
		} else {
			s.env.Send(id, &runner.Message{Tag: soakWake})
		}
	}
}

// until waits for got to be empty. It asks less and less often: who asks holds up who is asked
// about.
func (s *soak) until(what string, got func() []string) error {
	pause := 2 * time.Millisecond
	for deadline := time.Now().Add(soakPatience); ; time.Sleep(pause) {
		pause = min(2*pause, 100*time.Millisecond)
		left := got()
		if len(left) == 0 {
			return nil
		}
		if err := s.wrong(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s, after %v:\n%s\n%s", what, soakPatience, strings.Join(left, "\n"), soakStacks())
		}
	}
}

// finish lets everything arrive and all processes end.
func (s *soak) finish(ctx context.Context) error {
	l := s.ledger
	l.setPhase(soakDrain)
	err := s.until("not all has arrived", func() []string {
		s.rouse(false)
		return l.missing()
	})
	if err != nil {
		return err
	}
	l.setPhase(soakFinish)
	s.actors.Wait()
	return s.until("processes are left", func() []string {
		s.rouse(false)
		s.stop(1)
		l.mu.Lock()
		defer l.mu.Unlock()
		var left []string
		for _, p := range slices.Concat(l.living, l.serving) {
			left = append(left, p.tail())
		}
		if n := s.env.Processes(); n > 1 && left == nil {
			left = append(left, fmt.Sprintf("%d processes that have not begun", n-1))
		}
		return left
	})
}

// stop kills one in n of the services.
func (s *soak) stop(n int) {
	l := s.ledger
	var killed []uint64
	l.mu.Lock()
	for _, p := range l.serving {
		if s.rand.IntN(n) == 0 {
			p.killed = true
			killed = append(killed, p.id)
		}
	}
	l.mu.Unlock()
	for _, id := range killed {
		s.env.Kill(id)
	}
}

// close looks for what is left when all processes have ended.
func (s *soak) close(ctx context.Context) error {
	s.ledger.auditor.Close()
	s.ledger.auditor.done.Wait()
	if m := s.rt.MemoryStats(); m.Memories != 0 || m.Bytes != 0 {
		return fmt.Errorf("%d linear memories are left, %d bytes", m.Memories, m.Bytes)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), soakPatience)
	defer cancel()
	if err := s.rt.Close(closing); err != nil {
		return err
	}
	s.rt, s.env, s.mod, s.listener = nil, nil, nil, nil
	return s.until("something is left", func() []string {
		g, d := runtime.NumGoroutine(), soakDescriptors()
		if g <= s.goroutines && len(d) <= len(s.descriptors) {
			return nil
		}
		runtime.GC()
		return []string{fmt.Sprintf("%d goroutines and %d descriptors, before %d and %d: %v", g, len(d), s.goroutines, len(s.descriptors), d)}
	})
}

// summary says what has happened.
func (l *soakLedger) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%d processes", len(l.order))
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		if what != "begin" && what != "sent" {
			fmt.Fprintf(&b, ", %s %d", what, l.counts[what])
		}
	}
	return b.String()
}

// soakDescriptors lists what is open, but for what the program opens once, when it needs it
// first. It is nothing where there is no /proc.
func soakDescriptors() (open []string) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(to, "/proc/") && !strings.HasPrefix(to, "anon_inode:") {
			open = append(open, e.Name()+" "+to)
		}
	}
	return open
}

func soakStacks() string {
	var b strings.Builder
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	return b.String()
}
