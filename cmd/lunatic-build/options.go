package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/transform"
)

// options are what the command line says.
type options struct {
	transform.Options
	input, output string
	linker        []string // its name and its arguments; not nil: --as-linker
	asLinker      bool
	keepNames     bool // said aloud: it is the default
	explaining    bool
	explain       string // function, empty for all
	stats         string // "", text or json
	quiet         bool
}

// command describes the command line that sets o.
func (o *options) command() *cli.Command {
	return &cli.Command{
		Name:    "lunatic-build",
		Summary: "rewrites a WebAssembly module for lunatic-run",
		Usage:   []string{"IN.wasm -o OUT.wasm [flags]", "[flags] --as-linker -- LINKER ARGUMENTS..."},
		About: `IN.wasm is a core module; - is standard input. In the artifact, reductions are
			counted, so that lunatic-run can preempt it, and functions that may wait can be
			suspended.`,
		More: `OUT.wasm is replaced as a whole or not touched at all, and may be the input. An
			artifact is not built a second time: it is refused.

			With --as-linker, LINKER is run, and the command or reactor that it has written is
			rewritten in place; exit code and messages are the linker's. The commands
			lunatic-wasm-ld and cargo-lunatic are this for Rust.`,
		Groups: []cli.Group{
			{Title: "Output", Flags: o.outputFlags()},
			{Title: "Rewriting", Flags: o.rewritingFlags()},
			{Title: "Reports", Flags: o.reportFlags()},
		},
		Exits: exits,
		Examples: [][2]string{
			{"lunatic-build app.wasm -o app.lunatic.wasm", ""},
			{"lunatic-build app.wasm -o app.wasm", "in place"},
			{"lunatic-build --suspend-import '+env.db_*' app.wasm -o out.wasm", "imports"},
			{"lunatic-build --explain=main app.wasm", "why?"},
			{"lunatic-build --as-linker -- wasm-ld a.o -o a.wasm", ""},
			{"curl -s https://example.com/app.wasm | lunatic-build - -o out.wasm", ""},
		},
		Args:    cli.Values{Kind: cli.Modules},
		Version: cli.FullVersion,
	}
}

// exits are the exit codes.
var exits = []cli.Exit{
	{Code: "0", Short: "built", Meaning: "built"},
	{Code: "1", Short: "refused or unreadable", Meaning: "the input is refused, or a file cannot be read or written"},
	{Code: "2", Short: "wrong command line", Meaning: "the command line is wrong"},
	{Code: "3", Short: "bug", Meaning: "a bug in lunatic-build: please report it"},
	{Code: "128+N", Short: "signal N", Meaning: "interrupted by signal N; the output is as it was"},
}

func (o *options) outputFlags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.StringVarP(&o.output, "output", "o", "", "FILE\twrite the artifact to FILE, - for standard output")
	cli.IsFile(fs, "output")
	fs.BoolVar(&o.asLinker, "as-linker", false, "run the linker behind --, and rewrite what it writes")
	fs.BoolVar(&o.keepNames, "keep-names", false, "keep the name section (default)")
	fs.BoolVar(&o.Strip, "strip", false, "drop names: traps then show function numbers")
	cli.More(fs, "strip", "And what else is for debuggers.")
	return fs
}

func (o *options) rewritingFlags() *pflag.FlagSet {
	fs := cli.NewFlags()
	preempt := []string{"park", "unwind", "off"}
	fs.Func("preempt", "MODE\tat the end of a slice: park (default), unwind, off", func(s string) error {
		return pick(s, preempt, &o.Preempt, transform.PreemptPark, transform.PreemptUnwind, transform.PreemptOff)
	})
	cli.OneOf(fs, "preempt", preempt...)
	cli.More(fs, "preempt", "park: charge reductions; when a time slice is used up the process is parked inside a host call. unwind: the same, but the process may be suspended there too. off: count nothing: a loop keeps its worker for ever.")
	fs.StringArrayVar(&o.SuspendImports, "suspend-import", nil, "MODULE.NAME\tan import that may suspend; * is anything; with + in front, more than the default ones")
	cli.More(fs, "suspend-import", "Repeatable. The patterns replace the default list, every import of the Lunatic ABI and of WASI preview 1 that can wait, unless all begin with +: then they extend it. * stands for any run of characters.")
	fs.BoolVar(&o.NoSuspend, "no-suspend", false, "no import suspends: count reductions only")
	levels := []string{"0", "1", "2"}
	fs.FuncP("optimize", "O", "LEVEL\thow hard to work for speed: 0, 1 (default) or 2", func(s string) error {
		return pick(s, levels, &o.Opt, -1, 0, 1)
	})
	cli.OneOf(fs, "optimize", levels...)
	cli.More(fs, "optimize", "0 charges every loop and every recursive cycle in the plain way. 1 leaves out the charges that another one covers and keeps the budget of small loops in a local. 2 searches longer for charges to leave out.")
	fs.BoolVar(&o.Verify, "verify", false, "read the artifact back and check it")
	cli.More(fs, "verify", "It is validated, and other code than what wrote it checks that every call that may unwind is followed by an exit, that every frame can be resumed, and that no cycle goes uncharged.")
	fs.IntVarP(&o.Workers, "jobs", "j", 0, "N\trewrite N functions at once (default: one per CPU)")
	cli.More(fs, "jobs", "The artifact is the same for every N.")
	return fs
}

func (o *options) reportFlags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.Func("explain", "FUNC\tbuild nothing: say what may suspend, or why FUNC does", func(s string) error {
		o.explaining, o.explain = true, strings.TrimPrefix(s, noValue)
		return nil
	})
	fs.Lookup("explain").NoOptDefVal = noValue
	cli.More(fs, "explain", "FUNC is a name or a number. The answer is the calls that lead to the import, and why FUNC is pinned if it is.")
	formats := []string{"text", "json"}
	fs.Func("stats", "FORMAT\tprint functions, charges, sizes, time and memory; FORMAT is text or json", func(s string) error {
		return pick(s, formats, &o.stats, formats...)
	})
	fs.Lookup("stats").NoOptDefVal = "text"
	cli.OneOf(fs, "stats", formats...)
	cli.More(fs, "stats", "To standard output; to standard error with -o -.")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "no warnings and no progress")
	return fs
}

// check reads the arguments that are not flags, of which atDash stand before --, and
// completes o.
func (o *options) check(args []string, atDash int) (err error) {
	switch {
	case o.asLinker && (len(args) == 0 || atDash != 0):
		return cli.Usagef("--as-linker: the linker and its arguments stand behind --")
	case o.asLinker && (o.output != "" || o.explaining || o.stats != ""):
		return cli.Usagef("--as-linker: the output is the linker's; -o, --explain and --stats have no place")
	case o.asLinker:
		o.linker = args
	case len(args) == 0:
		return cli.Usagef("no input: name a module, or - for standard input")
	case len(args) > 1:
		return cli.Usagef("one input at a time, not %d: %s", len(args), strings.Join(args, " "))
	case args[0] == "":
		return cli.Usagef("the name of the input is empty")
	default:
		o.input = args[0]
	}
	switch {
	case o.keepNames && o.Strip:
		return cli.Usagef("--keep-names and --strip exclude each other")
	case o.NoSuspend && o.SuspendImports != nil:
		return cli.Usagef("--no-suspend and --suspend-import exclude each other")
	case o.explaining && (o.output != "" || o.stats != ""):
		return cli.Usagef("--explain builds nothing: leave out -o and --stats")
	case !o.explaining && !o.asLinker && o.output == "":
		return cli.Usagef("no output: name a file after -o, or - for standard output")
	case o.Workers < 0:
		return cli.Usagef("-j %d: the number of jobs is not negative", o.Workers)
	}
	o.Workers = min(o.Workers, maxJobs)
	o.SuspendImports, err = suspendImports(o.SuspendImports)
	return err
}

// maxJobs bounds -j: more workers only take memory.
const maxJobs = 256

// noValue is what pflag passes for a flag without its optional value.
const noValue = "\x00"

// suspendImports resolves the + that extends the default list.
func suspendImports(patterns []string) ([]string, error) {
	if patterns == nil {
		return nil, nil
	}
	var list []string
	extends := 0
	for _, p := range patterns {
		name, plus := strings.CutPrefix(p, "+")
		if plus {
			extends++
		}
		if !strings.ContainsAny(name, ".*") {
			return nil, cli.Usagef("--suspend-import %q is not of the form MODULE.NAME", p)
		}
		list = append(list, name)
	}
	switch extends {
	case 0:
		return list, nil
	case len(patterns):
		return append(append([]string(nil), transform.DefaultSuspendImports...), list...), nil
	}
	return nil, cli.Usagef("--suspend-import: either all patterns begin with + (extend the default list) or none (replace it)")
}

// pick sets dst to the value that stands where s stands in names.
func pick[T any](s string, names []string, dst *T, values ...T) error {
	i := slices.Index(names, s)
	if i < 0 {
		return fmt.Errorf("must be one of %s", strings.Join(names, ", "))
	}
	*dst = values[i]
	return nil
}
