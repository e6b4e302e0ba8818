// Command lunatic-bench measures what lunatic-build and the runtime cost, side by
// side with the untouched module and with Binaryen, in one run.
//
//	lunatic-bench overhead   speed of instrumented code
//	lunatic-bench suspend    time to suspend and resume, by depth
//	lunatic-bench size       bytes of Wasm and of machine code
//	lunatic-bench build      time and memory of the build, of the modules named too
//	lunatic-bench serve      HTTP, with a process for each connection or request, beside others
//	lunatic-bench runtime    processes and messages, of the workloads named, beside Erlang
//	lunatic-bench draw       docs/bench once more, from the figures that are there
//	lunatic-bench check      ratios and counts beside references: fails if one has grown
//
// Its inputs are in testdata/bench: kernels, and whole programs. Every result is
// checked against a native build of the same source. Figures are medians over
// interleaved rounds; the ratio of a variant is the median of its ratios to the
// untouched module in the same round, so that a slow second on a busy machine
// touches both sides. A second untouched copy, the control, shows the noise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// Exit codes.
const (
	exitFailed = 1 // a measurement failed or a checksum is wrong
	exitUsage  = 2
)

// A config is what the flags say.
type config struct {
	rounds   int
	short    bool
	only     *regexp.Regexp
	jsonFile string
	svgFile  string
	outDir   string   // also gets figures, page and chart
	args     []string // as typed
	dir      string   // testdata/bench
	root     string   // the project
	variants []string // of overhead; nil means all that can be made
	slice    int      // of the measured guests, in reductions
	wasmOpt  string   // path of Binaryen's wasm-opt, "" without
	files    []string // of build: more modules; of runtime: workloads
	workers  int      // of runtime; 0 means GOMAXPROCS
	ratios   string   // of check: the file of references
	update   bool     // of check: write it
	profiles string   // of runtime: folder for CPU profiles of our players, "" for none
	out      io.Writer
	log      io.Writer // progress

	// build is transform.Build; tests put another in its place.
	build func(ctx context.Context, module []byte, opts transform.Options) ([]byte, transform.Stats, error)
}

// A command is one kind of measurement.
type command struct {
	name, text string
	run        func(ctx context.Context, c *config) (*report, error)
}

var commands = []command{
	{"overhead", "speed of instrumented code against the untouched module", overhead},
	{"suspend", "time to suspend and resume at depths 1 to 1,000", suspend},
	{"size", "bytes of Wasm and of machine code", size},
	{"build", "time and memory of the build", build},
	{"serve", "HTTP with a process for each connection or request, and idle connections (takes wrk)", serveBench},
	{"runtime", "processes and messages beside Erlang/OTP and goroutines", runtimeBench},
	{"draw", "pages and charts of docs/bench once more, from the figures that are there", draw},
	{"check", "ratios and counts that must not grow; fails if one has", check},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: lunatic-bench COMMAND [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.text)
	}
	fmt.Fprintf(w, "  %-10s %s\n", "soak", "processes that do at random what there is to do, and what must be true of it")
	fmt.Fprint(w, "\nlunatic-bench COMMAND -help lists the flags.\n")
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	if a := strings.TrimLeft(args[0], "-"); a == "help" || a == "h" {
		usage(stdout)
		return 0
	}
	if args[0] == "soak" {
		return soakCommand(ctx, args[1:], stdout, stderr)
	}
	if args[0] == serveCommand {
		if err := serveHTTP(ctx, args[1:], os.Stdin, stdout); err != nil {
			fmt.Fprintf(stderr, "lunatic-bench: %v\n", err)
			return exitFailed
		}
		return 0
	}
	if args[0] == playCommand {
		if err := play(ctx, args[1:], os.Stdin, stdout); err != nil {
			fmt.Fprintf(stderr, "lunatic-bench: %v\n", err)
			return exitFailed
		}
		return 0
	}
	for _, cmd := range commands {
		if cmd.name != args[0] {
			continue
		}
		c, err := parse(cmd, args[1:], stdout, stderr)
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		if err != nil {
			fmt.Fprintf(stderr, "lunatic-bench: %v\n", err)
			return exitUsage
		}
		if err := cmd.do(ctx, c); err != nil {
			fmt.Fprintf(stderr, "lunatic-bench: %s: %v\n", cmd.name, err)
			return exitFailed
		}
		return 0
	}
	fmt.Fprintf(stderr, "lunatic-bench: unknown command %q\n", args[0])
	usage(stderr)
	return exitUsage
}

func parse(cmd command, args []string, stdout, stderr io.Writer) (*config, error) {
	c := &config{out: stdout, log: stderr, build: transform.Build, args: args}
	fs := flag.NewFlagSet("lunatic-bench "+cmd.name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&c.rounds, "rounds", 0, "interleaved rounds (default 9, with -short 3)")
	fs.BoolVar(&c.short, "short", false, "smaller sizes and fewer rounds, for CI")
	only := fs.String("only", "", "measure only what matches `REGEXP`")
	fs.StringVar(&c.jsonFile, "json", "", "also write the figures as JSON to `FILE`")
	fs.StringVar(&c.svgFile, "svg", "", "also draw a bar chart to `FILE`")
	fs.StringVar(&c.outDir, "out", "", "also write figures, page and chart to the folder `DIR`, such as docs/bench")
	fs.StringVar(&c.dir, "dir", "", "the benchmarks (default testdata/bench of the project around the working directory)")
	variants := fs.String("variants", "", "overhead: `LIST` of variants instead of the usual ones, from: "+strings.Join(variantNames(), ","))
	fs.IntVar(&c.slice, "slice", runner.DefaultSlice, "overhead: reductions in a time slice")
	wasmOpt := fs.String("wasm-opt", "wasm-opt", "Binaryen's optimizer; empty to leave it out")
	fs.IntVar(&c.workers, "workers", 0, "runtime, serve: number of workers, and of Erlang's schedulers (default one per CPU)")
	fs.StringVar(&c.profiles, "profiles", "", "runtime, serve: also write CPU profiles of what is in Go to the folder `DIR`")
	fs.StringVar(&c.ratios, "ratios", "", "check: `FILE` of the references (default ratios.json among the benchmarks)")
	fs.BoolVar(&c.update, "update", false, "check: write the references instead of comparing")
	quiet := fs.Bool("q", false, "no progress on stderr")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if c.files = fs.Args(); len(c.files) > 0 && cmd.name != "build" && cmd.name != "runtime" {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if c.outDir != "" && cmd.name != "draw" && !slices.Contains(published, cmd.name) {
		return nil, fmt.Errorf("-out: %s is not published", cmd.name)
	}
	if *quiet {
		c.log = io.Discard
	}
	if c.rounds == 0 {
		c.rounds = 9
		if c.short {
			c.rounds = 3
		}
	}
	if c.rounds < 1 {
		return nil, fmt.Errorf("-rounds %d: want at least 1", c.rounds)
	}
	if c.workers < 0 {
		return nil, fmt.Errorf("-workers %d: want at least 1", c.workers)
	}
	if c.slice < 1 || c.slice > math.MaxInt32 {
		return nil, fmt.Errorf("-slice %d: want 1 to %d", c.slice, math.MaxInt32)
	}
	var err error
	if c.only, err = regexp.Compile(*only); err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	if *variants != "" {
		c.variants = strings.Split(*variants, ",")
		for _, v := range c.variants {
			if variantByName(v) == nil {
				return nil, fmt.Errorf("-variants: unknown %q", v)
			}
		}
	}
	if *wasmOpt != "" {
		if p, err := exec.LookPath(*wasmOpt); err == nil {
			c.wasmOpt = p
		}
	}
	return c, c.locate()
}

// do measures, prints, and writes the files asked for.
func (cmd command) do(ctx context.Context, c *config) error {
	load := loadAverage()
	r, err := cmd.run(ctx, c)
	if err != nil || r == nil {
		return err
	}
	r.Command = commandLine(append([]string{"lunatic-bench", cmd.name}, c.args...))
	r.Load = load
	r.describe(c)
	if err := r.print(c.out); err != nil {
		return err
	}
	if c.jsonFile != "" {
		if err := writeFile(c.jsonFile, r.json); err != nil {
			return err
		}
	}
	if c.svgFile != "" {
		if err := writeFile(c.svgFile, r.svg); err != nil {
			return err
		}
	}
	if c.outDir != "" && r.failure == nil {
		return r.publish(c, cmd.name)
	}
	return r.failure
}

// commandLine is what to type: arguments are quoted where a shell would see more in them.
func commandLine(args []string) string {
	plain := regexp.MustCompile(`^[\w./,:=+-]+$`)
	quoted := slices.Clone(args)
	for i, a := range quoted {
		if !plain.MatchString(a) {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// draw draws the folder again, with figures that are there.
func draw(_ context.Context, c *config) (*report, error) {
	if c.outDir == "" {
		c.outDir = filepath.Join(c.root, "docs", "bench")
	}
	return nil, c.draw()
}

// writeFile reports the error of closing too: a full disk shows there.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
