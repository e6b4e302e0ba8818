package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/runner"
)

// options are what the command line says.
type options struct {
	module  string
	args    []string
	dirs    []runner.Dir
	limits  limits
	http    httpOptions
	env     [][2]string
	inherit bool
	workers int
	slice   int32
	stress  runner.Stress
	// hibernateAfter is runner.Config's: 0 means the default, below 0 never.
	hibernateAfter time.Duration
	watch          bool
	noCache        bool
	stats          bool
	metrics        string // address; empty means none
	testing        bool   // run the module's tests
}

// command describes the command line that sets o.
func (o *options) command() *cli.Command {
	return &cli.Command{
		Name:    "lunatic-run",
		Summary: "runs a WebAssembly module as a process that may spawn others",
		Usage:   []string{"[flags] MODULE.wasm [ARGUMENTS]"},
		About: `Flags stand before the module; what follows it is the guest's. A module that
			lunatic-build has not rewritten is rewritten on the fly, and kept in the cache. The
			guest's _start is run; when it ends, so do all processes.`,
		More: `The guest sees the ABI of Lunatic 0.13 and WASI preview 1. It gets the directories
			and variables that flags name, and no others. Standard input, output and error are the
			guest's, too, and the network, unless there are rules.

			A RULE is HOST[:PORT[-PORT]] with a network, an address, a name, *.NAME or * as HOST.
			It holds for connecting, listening and resolving names, or for one of them after
			connect=, listen= or resolve=. With one --allow-net, what none of them names is
			closed. Of two rules the one that denies counts.

			Limits hold for each process. The children of a process have at most what it has
			itself.`,
		Groups: []cli.Group{
			{Title: "What the guest gets (nothing else)", Flags: o.grantFlags()},
			{Title: "Limits", Flags: o.limits.flags()},
			{Title: "Execution", Flags: o.executionFlags()},
			{Title: "As a web server", Flags: o.http.flags()},
			{Title: "Reports", Flags: o.reportFlags()},
		},
		Exits: exits,
		Examples: [][2]string{
			{"lunatic-run app.wasm --verbose input.txt", "with arguments"},
			{"lunatic-run --dir .:/:ro --env LANG=C app.wasm", "this folder, to read"},
			{"lunatic-run --allow-net listen=:8080 server.wasm", "may listen there, no more"},
			{"lunatic-run --http :8080 --max-memory 16M app.wasm", "a process for each request"},
			{"lunatic-run --stats --stress=all app.wasm", "a hard test for the guest"},
		},
		Args:    cli.Values{Kind: cli.Rest},
		Stop:    true,
		Version: cli.FullVersion,
	}
}

// grantFlags are what the guest gets.
func (o *options) grantFlags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.Func("dir", "HOST[:GUEST[:ro]]\ta directory, under the name GUEST, read-only", func(s string) error {
		d, err := parseDir(s)
		o.dirs = append(o.dirs, d)
		return err
	})
	cli.IsDir(fs, "dir")
	cli.More(fs, "dir", "The guest sees the directory HOST as GUEST, by default under the same name; after :ro it is read-only. Repeatable.")
	fs.Func("env", "NAME=VALUE\tan environment variable", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return errors.New("must be of the form NAME=VALUE")
		}
		o.env = append(o.env, [2]string{name, value})
		return nil
	})
	cli.More(fs, "env", "Repeatable; the last one of a name counts.")
	fs.BoolVar(&o.inherit, "env-inherit", false, "all of lunatic-run's environment variables")
	o.limits.networkFlags(fs)
	return fs
}

func (o *options) executionFlags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.IntVar(&o.workers, "workers", 0, "N\trun N processes at once (default: one per CPU)")
	fs.Int32Var(&o.slice, "slice", 0, "N\tothers' turn after N reductions (default 100000)")
	fs.Func("hibernate-after", "T\tkeep little of who waits so long (default 5s)", func(s string) error {
		if s == "off" || s == "0" {
			o.hibernateAfter = -1
			return nil
		}
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return errors.New("must be a time above 0, such as 5s, or off")
		}
		o.hibernateAfter = d
		return nil
	})
	cli.More(fs, "hibernate-after", "Such a process gives its instance to others, and gets one again when it goes on. T is a time such as 500ms, or off.")
	fs.Func("stress", "MODE\tsuspend, yield, hibernate or all: as often as can be", func(s string) error {
		mode, ok := map[string]runner.Stress{
			"suspend": runner.StressSuspend, "yield": runner.StressYield, "hibernate": runner.StressHibernate, "all": runner.StressAll,
		}[s]
		if !ok {
			return errors.New("must be one of suspend, yield, hibernate, all")
		}
		o.stress = mode
		return nil
	})
	cli.OneOf(fs, "stress", "suspend", "yield", "hibernate", "all")
	cli.More(fs, "stress", "suspend: every host call that may suspend does, and whatever else may. yield: slices of one reduction. hibernate: every process that waits gives up its instance at once. all: these, and the smallest window. The guest must not notice.")
	fs.BoolVar(&o.watch, "watch", false, "run again whenever the file changes")
	cli.More(fs, "watch", "The module is built again, the processes of the old one are killed. What is not a module, or half of one, is waited for; so is a file that is gone.")
	fs.BoolVar(&o.noCache, "no-cache", false, "neither use nor fill the cache")
	cli.More(fs, "no-cache", "The cache has rewritten and compiled modules. It is the folder lunatic in the user's cache directory.")
	return fs
}

func (o *options) reportFlags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.BoolVar(&o.stats, "stats", false, "say at the end what the processes did")
	cli.More(fs, "stats", "To standard error.")
	fs.StringVar(&o.metrics, "metrics", "", "ADDR\tanswer http://ADDR/metrics, for Prometheus")
	cli.More(fs, "metrics", "ADDR is HOST:PORT, or :PORT for every address of this machine. Port 0 is any that is free: standard error says which.")
	return fs
}

// exits are the exit codes.
var exits = []cli.Exit{
	{Code: "0", Short: "success", Meaning: "the guest's `_start` returned, or it called `proc_exit(0)`"},
	{Code: "N", Short: "proc_exit(N)", Meaning: "the guest called `proc_exit(N)`"},
	{Code: "1", Short: "refused or unreadable", Meaning: "the module is refused, or a file cannot be read"},
	{Code: "2", Short: "wrong command line", Meaning: "the command line is wrong"},
	{Code: "3", Short: "bug", Meaning: "a bug in lunatic-run: please report it"},
	{Code: "134", Short: "trap", Meaning: "the guest trapped: the reason and a backtrace are printed"},
	{Code: "137", Short: "killed", Meaning: "the guest's first process was killed"},
	{Code: "128+N", Short: "signal N", Meaning: "interrupted by signal N"},
}

// check reads the arguments that are not flags and completes o.
func (o *options) check(args []string) error {
	switch {
	case len(args) == 0 || args[0] == "":
		return cli.Usagef("no module: name a file")
	case args[0] == "-":
		return cli.Usagef("the module must be a file: standard input is the guest's")
	case o.workers < 0 || o.workers > maxWorkers:
		return cli.Usagef("--workers %d: not between 1 and %d", o.workers, maxWorkers)
	case o.watch && o.testing:
		return cli.Usagef("--watch is for programs, not for tests")
	case o.slice < 0:
		return cli.Usagef("--slice %d: the number of reductions is not negative", o.slice)
	}
	if o.http.addr != "" && (o.watch || o.testing) {
		return cli.Usagef("--http excludes --watch, and is not for tests")
	}
	if err := o.http.check(); err != nil {
		return err
	}
	o.module, o.args = args[0], args[1:]
	if o.inherit {
		o.inheritEnv()
	}
	o.env = lastOfEach(o.env)
	return nil
}

// inheritEnv puts the command's variables before those that are set.
func (o *options) inheritEnv() {
	var all [][2]string
	for _, kv := range os.Environ() {
		if name, value, ok := strings.Cut(kv, "="); ok && name != "" {
			all = append(all, [2]string{name, value})
		}
	}
	o.env = append(all, o.env...)
}

// maxWorkers bounds --workers: more only take memory.
const maxWorkers = 1024

// parseDir reads HOST[:GUEST[:ro]].
func parseDir(s string) (runner.Dir, error) {
	parts := strings.Split(s, ":")
	if len(parts[0]) == 1 && len(parts) > 1 && strings.HasPrefix(parts[1], `\`) { // C:\folder
		parts = append([]string{parts[0] + ":" + parts[1]}, parts[2:]...)
	}
	host, err := expandHome(parts[0])
	if err != nil {
		return runner.Dir{}, err
	}
	d := runner.Dir{Host: host, Guest: parts[0]}
	if len(parts) > 1 && parts[1] != "" {
		d.Guest = parts[1]
	}
	if len(parts) == 3 && parts[2] == "ro" {
		d.ReadOnly = true
	} else if len(parts) > 2 {
		return d, fmt.Errorf("must be of the form HOST[:GUEST[:ro]]")
	}
	if d.Host == "" {
		return d, fmt.Errorf("the name of the directory is empty")
	}
	return d, nil
}

// lastOfEach keeps the last value of each name, in the place of the first.
func lastOfEach(env [][2]string) [][2]string {
	at := make(map[string]int)
	out := env[:0:0]
	for _, kv := range env {
		if i, ok := at[kv[0]]; ok {
			out[i] = kv
			continue
		}
		at[kv[0]] = len(out)
		out = append(out, kv)
	}
	return out
}
