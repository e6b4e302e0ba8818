package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// inspectCommand says what a module is, without running it.
func (c *command) inspectCommand() *cli.Command {
	asJSON := false
	fs := cli.NewFlags()
	fs.BoolVar(&asJSON, "json", false, "as JSON; fields are only ever added")
	return &cli.Command{
		Name:    "lunatic-run inspect",
		Summary: "says what a module needs and how it was built",
		Usage:   []string{"[--json] FILE.wasm"},
		About: `Printed are the imports by namespace, those that no namespace provides, the exports,
			what the module may ask for that flags can refuse or must grant, how lunatic-build has
			rewritten it or would, and the sections with their sizes. Nothing is run.`,
		Groups: []cli.Group{{Title: "Flags", Flags: fs}},
		Exits:  inspectExits,
		Examples: [][2]string{
			{"lunatic-run inspect app.wasm", ""},
			{"lunatic-run inspect --json app.wasm | jq .needs", "for programs"},
		},
		Args: cli.Values{Kind: cli.Modules},
		Run: func(args []string) (int, error) {
			if len(args) != 1 {
				return 0, cli.Usagef("name one file, not %d", len(args))
			}
			module, err := readModule(args[0])
			if err != nil {
				return 0, fmt.Errorf("%s: %w", args[0], cli.FileError(args[0], err))
			}
			in, err := c.inspect(context.Background(), module)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", args[0], refusal(module, err))
			}
			in.File = args[0]
			if asJSON {
				enc := json.NewEncoder(c.stdout)
				enc.SetIndent("", "  ")
				return 0, enc.Encode(in)
			}
			return 0, in.write(c.stdout)
		},
	}
}

// inspectExits are the exit codes of inspect.
var inspectExits = []cli.Exit{
	{Code: "0", Short: "success", Meaning: "printed, also if the module would be refused"},
	{Code: "1", Short: "refused or unreadable", Meaning: "the module is refused, or a file cannot be read"},
	{Code: "2", Short: "wrong command line", Meaning: "the command line is wrong"},
}

// An inspection is what there is to say about a module.
type inspection struct {
	File    string             `json:"file"`
	Bytes   int                `json:"bytes"`
	Imports []importedFrom     `json:"imports"`
	Unknown []string           `json:"unknown"` // imports that no namespace provides
	Exports []exported         `json:"exports"`
	Needs   []need             `json:"needs"`
	Built   *builtAs           `json:"built"` // nil: lunatic-build has not rewritten it
	Would   *wouldBe           `json:"would"` // nil: it has
	Section []sectionSize      `json:"sections"`
	Memory  *wasmparse.MemType `json:"memory"`
}

// importedFrom are the imports from one namespace.
type importedFrom struct {
	Namespace string   `json:"namespace"`
	Names     []string `json:"names"` // in the order of the module
}

type exported struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type sectionSize struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"` // header included
}

// builtAs is how lunatic-build has rewritten it.
type builtAs struct {
	Version     uint32   `json:"version"` // of the contract
	Runs        bool     `json:"runs"`    // with this lunatic-run
	Preempt     string   `json:"preempt"`
	Suspend     []string `json:"suspend"`
	Functions   int      `json:"functions"` // all, those that the build has added included
	Suspendable int      `json:"suspendable"`
	Sites       uint32   `json:"sites"`
	Charges     int      `json:"charges"` // those of resume clones included
	MaxFrame    uint32   `json:"maxFrame"`
	Reusable    bool     `json:"reusable"`
	InputHash   string   `json:"inputHash"` // SHA-256 of the module that was built
}

// wouldBe is what lunatic-build would make of it with the default options.
type wouldBe struct {
	Refused     string `json:"refused"` // why; empty if it is not
	Functions   int    `json:"functions"`
	Suspendable int    `json:"suspendable"`
	Pinned      int    `json:"pinned"`
	Charges     int    `json:"charges"`
	Bytes       int64  `json:"bytes"`
}

// inspect looks through a module. What it finds may be malicious.
func (c *command) inspect(ctx context.Context, module []byte) (*inspection, error) {
	m, err := wasmparse.Parse(module)
	if err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	offered, err := hostFunctions(ctx)
	if err != nil {
		return nil, err
	}
	in := &inspection{Bytes: len(module), Unknown: []string{}, Exports: []exported{}}
	in.addImports(m, offered)
	in.Needs = needsOf(m)
	for _, e := range m.Exports {
		if !strings.HasPrefix(e.Name, rtlib.Reserved) {
			in.Exports = append(in.Exports, exported{e.Name, kinds[e.Kind]})
		}
	}
	if len(m.Mems) > 0 {
		in.Memory = &m.Mems[0]
	}
	for _, s := range m.Sections {
		name := s.ID.String()
		if s.ID == wasmparse.SectionCustom {
			name += " " + s.Name
		}
		in.Section = append(in.Section, sectionSize{name, s.End - s.Off})
	}
	if runner.IsArtifact(module) {
		in.Built, err = readBuilt(m)
		return in, err
	}
	in.Would, err = c.readWould(ctx, module)
	return in, err
}

var kinds = map[byte]string{
	wasmparse.KindFunc: "function", wasmparse.KindTable: "table", wasmparse.KindMem: "memory",
	wasmparse.KindGlobal: "global", wasmparse.KindTag: "tag",
}

// hostFunctions are the functions that guests can import.
func hostFunctions(ctx context.Context) (map[string]bool, error) {
	rt, err := runner.New(ctx, runner.Config{Namespaces: host.All(), Interpret: true, Workers: 1})
	if err != nil {
		return nil, err
	}
	all := make(map[string]bool)
	for _, name := range rt.Functions() {
		all[name] = true
	}
	for _, name := range []string{rtlib.ImportPreempt, rtlib.ImportPreemptUnwind, rtlib.ImportWindow} {
		all[rtlib.ImportModule+"."+name] = true
	}
	return all, rt.Close(ctx)
}

func (in *inspection) addImports(m *wasmparse.Module, offered map[string]bool) {
	at := make(map[string]int)
	for _, i := range m.Imports {
		k, ok := at[i.Module]
		if !ok {
			k = len(in.Imports)
			at[i.Module] = k
			in.Imports = append(in.Imports, importedFrom{Namespace: i.Module})
		}
		in.Imports[k].Names = append(in.Imports[k].Names, i.Name)
		if full := i.Module + "." + i.Name; i.Kind != wasmparse.KindFunc || !offered[full] {
			in.Unknown = append(in.Unknown, full)
		}
	}
	slices.SortFunc(in.Imports, func(a, b importedFrom) int { return strings.Compare(a.Namespace, b.Namespace) })
}

// readBuilt reads what the artifact says about itself, and counts the charges.
func readBuilt(m *wasmparse.Module) (*builtAs, error) {
	for _, s := range m.Sections {
		if s.ID != wasmparse.SectionCustom || s.Name != rtlib.SectionMeta {
			continue
		}
		meta, err := rtlib.ParseMeta(m.Data[s.Start:s.End])
		var other rtlib.VersionError
		if errors.As(err, &other) {
			return &builtAs{Version: uint32(other), Suspend: []string{}}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", runner.ErrArtifact, err)
		}
		return &builtAs{
			Version: meta.Version, Runs: true, Preempt: meta.Preempt, Suspend: meta.Suspend,
			Functions: len(m.Bodies), Suspendable: len(meta.Funcs), Sites: meta.Sites, Charges: charges(m, meta.Preempt),
			MaxFrame: meta.MaxFrame, Reusable: meta.Reusable, InputHash: hex.EncodeToString(meta.InputHash[:]),
		}, nil
	}
	return nil, runner.ErrArtifact
}

// readWould builds the module and throws the artifact away.
func (c *command) readWould(ctx context.Context, module []byte) (*wouldBe, error) {
	st, err := c.build(ctx, io.Discard, module, transform.Options{Version: cli.Version()})
	if errors.Is(err, transform.ErrInternal) {
		return nil, err
	}
	if err != nil {
		return &wouldBe{Refused: err.Error()}, nil
	}
	return &wouldBe{Functions: st.Functions, Suspendable: st.Suspendable, Pinned: st.Pinned, Charges: st.Charges, Bytes: st.BytesOut}, nil
}

// maxNamed is how many names of a list are printed.
const maxNamed = 100

// write prints it for people.
func (in *inspection) write(w io.Writer) error {
	var b bytes.Buffer
	style := cli.StyleOf(w)
	heading := func(format string, args ...any) {
		fmt.Fprintf(&b, "%s\n", style.Heading(cli.Printable(fmt.Sprintf(format, args...))))
	}
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, "  %s\n", cli.Printable(fmt.Sprintf(format, args...)))
	}
	heading("%s, %d bytes", in.File, in.Bytes)
	if in.Memory != nil {
		line("memory of %d KiB at the start", uint64(in.Memory.Min)*(rtlib.Page>>10))
	}
	in.writeBuild(heading, line)
	heading("imports")
	for _, from := range in.Imports {
		line("%s: %d", from.Namespace, len(from.Names))
		line("  %s", list(from.Names))
	}
	if len(in.Imports) == 0 {
		line("none")
	}
	if len(in.Unknown) > 0 {
		heading("imports that no namespace provides: it does not run")
		line("%s", list(in.Unknown))
	}
	heading("may ask for")
	for _, n := range in.Needs {
		line("%-14s %s", n.Name, n.Flags)
	}
	if len(in.Needs) == 0 {
		line("nothing that a flag decides")
	}
	heading("exports")
	for i, e := range in.Exports {
		if i == maxNamed {
			line("and %d more", len(in.Exports)-i)
			break
		}
		line("%s %s", e.Kind, e.Name)
	}
	heading("sections")
	for i, s := range in.Section {
		if i == maxNamed {
			line("and %d more", len(in.Section)-i)
			break
		}
		line("%10d  %s", s.Bytes, s.Name)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// writeBuild prints how it was built, or would be.
func (in *inspection) writeBuild(heading, line func(string, ...any)) {
	switch {
	case in.Built != nil && !in.Built.Runs:
		heading("an artifact of lunatic-build for version %d of the contract", in.Built.Version)
		line("this lunatic-run needs version %d: build the original module again", rtlib.Version)
	case in.Built != nil:
		a := in.Built
		heading("an artifact of lunatic-build, version %d of the contract", a.Version)
		line("options      --preempt=%s", a.Preempt)
		line("suspending   %d imports", len(a.Suspend))
		if len(a.Suspend) > 0 {
			line("             %s", list(a.Suspend))
		}
		line("functions    %d, of which %d may be suspended, at %d calls", a.Functions, a.Suspendable, a.Sites)
		line("charges      %d", a.Charges)
		line("frames       %d bytes at most", a.MaxFrame)
		line("reusable     %v: an instance serves one process after the other", a.Reusable)
		line("built from   SHA-256 %s", a.InputHash)
	case in.Would.Refused != "":
		heading("not built, and lunatic-build refuses it")
		line("%s", in.Would.Refused)
	default:
		heading("not built: lunatic-run does that on the fly, with this result")
		line("functions    %d, of which %d may be suspended, %d pinned", in.Would.Functions, in.Would.Suspendable, in.Would.Pinned)
		line("charges      %d", in.Would.Charges)
		line("size         %d bytes", in.Would.Bytes)
	}
}

// list joins names, the first of them.
func list(names []string) string {
	if n := len(names) - maxNamed; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], " "), n)
	}
	return strings.Join(names, " ")
}
