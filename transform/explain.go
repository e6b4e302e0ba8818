package transform

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// Explain says why the function named fn (or with that index) may suspend and why it
// is pinned, or, if fn is empty, gives one line for every function that may suspend.
// Indices are those of the input.
func Explain(ctx context.Context, module []byte, opts Options, fn string) (string, error) {
	b := &build{opts: opts}
	if b.opts.Workers <= 0 {
		b.opts.Workers = runtime.GOMAXPROCS(0)
	}
	if err := b.analyze(module); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	x := &explainer{build: b, w: newWorker(b)}
	b.fns = make([]rewritten, len(b.m.Bodies))
	if fn == "" {
		x.list()
		return x.String(), nil
	}
	found := x.lookup(fn)
	if len(found) == 0 {
		return "", x.unknown(fn)
	}
	for i, f := range found {
		if i > 0 {
			x.WriteByte('\n')
		}
		if err := x.function(f); err != nil {
			return "", err
		}
		if err := ctx.Err(); err != nil {
			return "", err
		}
	}
	return x.String(), nil
}

// An explainer writes about the functions of a build that has been analyzed.
type explainer struct {
	*build
	strings.Builder
	w *worker
}

func (x *explainer) printf(format string, args ...any) { fmt.Fprintf(x, format, args...) }

// name is how a function is called in the text.
func (x *explainer) name(f wasmparse.FuncIdx) string {
	what := "func"
	if int(f) < x.m.ImportedFuncs {
		what = "import"
	}
	if name := x.m.Names().FuncName(f); name != "" && what == "func" {
		return fmt.Sprintf("func %d (%s)", f, name)
	}
	if what == "import" {
		return fmt.Sprintf("import %d (%s)", f, x.importName(f))
	}
	return fmt.Sprintf("func %d", f)
}

// importName is MODULE.NAME, as patterns for suspending imports have it.
func (x *explainer) importName(f wasmparse.FuncIdx) string {
	for i, n := 0, 0; i < len(x.m.Imports); i++ {
		if x.m.Imports[i].Kind != wasmparse.KindFunc {
			continue
		}
		if n == int(f) {
			return x.m.Imports[i].Module + "." + x.m.Imports[i].Name
		}
		n++
	}
	return ""
}

// step says how f comes to the callee because of which it may suspend.
func (x *explainer) step(f wasmparse.FuncIdx) string {
	g, next := x.g, x.g.Why[f]
	switch {
	case next == f && int(f) < x.m.ImportedFuncs:
		return "suspends"
	case next == f:
		return "may suspend where its time slice ends (--preempt=unwind)"
	case slices.Contains(g.Bodies[int(f)-x.m.ImportedFuncs].Callees, next):
		return "calls " + x.name(next)
	}
	return fmt.Sprintf("calls through a table, type %s, e.g. %s", signature(x.m.FuncType(next)), x.name(next))
}

// list writes a line for every function that may suspend.
func (x *explainer) list() {
	funcs, imports, throughTables := 0, 0, 0
	for i, may := range x.g.MaySuspend {
		f := wasmparse.FuncIdx(i)
		if !may {
			continue
		}
		step := x.step(f)
		if i < x.m.ImportedFuncs {
			imports++
		} else {
			funcs++
		}
		if strings.HasPrefix(step, "calls through") {
			throughTables++
		}
		x.printf("%s %s\n", x.name(f), step)
	}
	x.printf("%d of %d functions may suspend, %d of them by a call through a table; %d of %d imported functions suspend\n",
		funcs, len(x.m.Bodies), throughTables, imports, x.m.ImportedFuncs)
}

// function writes all that is known of one function.
func (x *explainer) function(f wasmparse.FuncIdx) error {
	if int(f) < x.m.ImportedFuncs {
		x.imported(f)
		return nil
	}
	i := int(f) - x.m.ImportedFuncs
	if err := x.w.guarded(i); err != nil {
		return err
	}
	r := &x.fns[i]
	if !x.g.MaySuspend[f] {
		x.printf("%s does not suspend\n", x.name(f))
		x.reaches(f)
		x.printf("charges: %d\n", r.charge)
		return nil
	}
	x.printf("%s may suspend:\n", x.name(f))
	for at := f; ; at = x.g.Why[at] {
		if at == f {
			x.printf("  it %s\n", x.step(at))
		} else {
			x.printf("  which %s\n", x.step(at))
		}
		if x.g.Why[at] == at {
			break
		}
	}
	if r.info.Pinned != "" {
		x.printf("it is pinned, so the runtime parks while it is on the stack: %s\n", r.info.Pinned)
		x.printf("charges: %d\n", r.charge)
		return nil
	}
	x.printf("sites: %d with a frame, %d in tail position; charges: %d\n", r.info.Sites, r.info.TailSites, r.charge)
	if r.info.Sites > 0 {
		x.printf("largest frame: %d bytes\n", r.info.MaxFrame)
	}
	return nil
}

func (x *explainer) imported(f wasmparse.FuncIdx) {
	switch {
	case x.g.MaySuspend[f]:
		x.printf("%s suspends: a pattern for suspending imports fits\n", x.name(f))
	case !x.opts.NoSuspend && x.opts.fits(x.importName(f)):
		x.printf("%s does not suspend: it returns a reference, for which there is no place\n", x.name(f))
	default:
		x.printf("%s does not suspend: no pattern for suspending imports fits\n", x.name(f))
	}
}

// reaches writes the imported functions that f can come to.
func (x *explainer) reaches(f wasmparse.FuncIdx) {
	seen := map[wasmparse.FuncIdx]bool{f: true}
	types := map[wasmparse.TypeIdx]bool{}
	work := []wasmparse.FuncIdx{f}
	var imports []wasmparse.FuncIdx
	add := func(to wasmparse.FuncIdx) {
		if !seen[to] {
			seen[to] = true
			work = append(work, to)
		}
	}
	for n := 0; n < len(work); n++ {
		if int(work[n]) < x.m.ImportedFuncs {
			imports = append(imports, work[n])
			continue
		}
		b := &x.g.Bodies[int(work[n])-x.m.ImportedFuncs]
		for _, c := range b.Callees {
			add(c)
		}
		for _, t := range b.Indirect {
			if !types[t] {
				types[t] = true
				for _, c := range x.g.Taken[t] {
					add(c)
				}
			}
		}
	}
	if len(imports) == 0 {
		x.printf("it reaches no imported function\n")
		return
	}
	slices.Sort(imports)
	x.printf("it reaches, of the imported functions:\n")
	for _, i := range imports {
		x.printf("  %s\n", x.importName(i))
	}
}

// lookup returns the functions that text names: by index, by the names in the name
// section and among the exports, or as an import's MODULE.NAME.
func (x *explainer) lookup(text string) []wasmparse.FuncIdx {
	var found []wasmparse.FuncIdx
	x.names(func(name string, f wasmparse.FuncIdx) {
		if name == text && !slices.Contains(found, f) {
			found = append(found, f)
		}
	})
	if found == nil {
		if n, err := strconv.ParseUint(text, 10, 32); err == nil && n < uint64(len(x.m.Funcs)) {
			found = append(found, wasmparse.FuncIdx(n))
		}
	}
	return found
}

// names calls visit for every name of every function.
func (x *explainer) names(visit func(string, wasmparse.FuncIdx)) {
	for i := range x.m.Funcs {
		f := wasmparse.FuncIdx(i)
		if name := x.m.Names().FuncName(f); name != "" {
			visit(name, f)
		}
	}
	for i := range x.m.Exports {
		if e := &x.m.Exports[i]; e.Kind == wasmparse.KindFunc {
			visit(e.Name, wasmparse.FuncIdx(e.Idx))
		}
	}
	n := 0
	for i := range x.m.Imports {
		if im := &x.m.Imports[i]; im.Kind == wasmparse.KindFunc {
			visit(im.Module+"."+im.Name, wasmparse.FuncIdx(n))
			n++
		}
	}
}

// maxNear is how many names an error suggests.
const maxNear = 5

// unknown is the error for a name that no function has.
func (x *explainer) unknown(text string) error {
	type near struct {
		name     string
		distance int
	}
	var all []near
	lower := strings.ToLower(text)
	x.names(func(name string, _ wasmparse.FuncIdx) {
		d := distance(lower, strings.ToLower(name))
		if text != "" && strings.Contains(strings.ToLower(name), lower) {
			d = 0
		}
		if n := (near{name, d}); d <= max(2, len(text)/3) && !slices.Contains(all, n) {
			all = append(all, n)
			slices.SortStableFunc(all, func(a, b near) int { return a.distance - b.distance })
			all = all[:min(len(all), maxNear)]
		}
	})
	if len(all) == 0 {
		return fmt.Errorf("no function is called %q", text)
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return fmt.Errorf("no function is called %q; there is %s", text, strings.Join(names, ", "))
}

// maxDistance bounds the lengths that distance compares.
const maxDistance = 64

// distance is the number of bytes to insert, delete or replace to get from a to b.
func distance(a, b string) int {
	a, b = a[:min(len(a), maxDistance)], b[:min(len(b), maxDistance)]
	var rows [2][maxDistance + 1]int
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range a {
		prev, row := &rows[i&1], &rows[^i&1]
		row[0] = i + 1
		for j := range b {
			change := prev[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, prev[j+1]+1, row[j]+1)
		}
	}
	return rows[len(a)&1][len(b)]
}

// signature is a function type in the notation (params) -> results.
func signature(t *wasmparse.FuncType) string {
	list := func(ts []wasmparse.ValType) string {
		names := make([]string, len(ts))
		for i := range ts {
			names[i] = ts[i].String()
		}
		if len(ts) == 1 {
			return names[0]
		}
		return "(" + strings.Join(names, " ") + ")"
	}
	params := list(t.Params)
	if len(t.Params) == 1 {
		params = "(" + params + ")"
	}
	return params + " -> " + list(t.Results)
}
