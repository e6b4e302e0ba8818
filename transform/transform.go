package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// ErrInternal is a fault of this program, not of its input. The error that wraps it
// names the pass and the function.
var ErrInternal = errors.New("internal error")

// ErrAlreadyBuilt says that the input is an artifact.
var ErrAlreadyBuilt = errors.New("module has been built already")

// Build rewrites a module. The input is not changed.
func Build(ctx context.Context, module []byte, opts Options) ([]byte, Stats, error) {
	var out bytes.Buffer
	st, err := BuildTo(ctx, &out, module, opts)
	if err != nil {
		return nil, st, err
	}
	return out.Bytes(), st, nil
}

// BuildTo is Build that writes the artifact to w. Nothing is written before the
// whole module has been rewritten without an error.
func BuildTo(ctx context.Context, w io.Writer, module []byte, opts Options) (Stats, error) {
	start := time.Now()
	b := &build{opts: opts}
	if b.opts.Workers <= 0 {
		b.opts.Workers = runtime.GOMAXPROCS(0)
	}
	if err := b.analyze(module); err != nil {
		return Stats{}, err
	}
	if err := b.rewrite(ctx); err != nil {
		return Stats{}, err
	}
	b.assemble(module)
	sizes := &sizer{w: w}
	var held bytes.Buffer
	if b.opts.Verify {
		sizes.w = &held
	}
	if _, err := b.patch.WriteTo(sizes); err != nil {
		return Stats{}, err
	}
	if b.opts.Verify {
		if err := verify(ctx, held.Bytes(), &b.opts); err != nil {
			return Stats{}, err
		}
		if _, err := w.Write(held.Bytes()); err != nil {
			return Stats{}, err
		}
	}
	b.stats.Sections = sizes.sections(b.m)
	b.stats.BytesIn, b.stats.BytesOut = int64(len(module)), sizes.n
	b.stats.Time = time.Since(start)
	return b.stats, nil
}

// A build is one run of the pipeline: analyze, rewrite, assemble, write.
type build struct {
	opts  Options
	m     *wasmparse.Module
	g     *asyncify.Graph
	plan  *chargePlan // nil if nothing is charged
	env   *asyncify.Env
	patch *wasmencode.Patch
	stats Stats

	fixed     fixedFuncs
	types     *typeTable
	cloneType wasmparse.TypeIdx

	exn    exceptions
	fusion fusion

	received receiveFusion

	suspendTypes []bool      // by canonical type, see typeSuspends
	fns          []rewritten // by defined function

	progress sync.Mutex
	done     int
}

// rewritten is what the passes made of one function.
type rewritten struct {
	body   asyncify.Code // Bytes nil: the function stays as it is
	clone  asyncify.Code // Bytes nil: there is none
	info   asyncify.Info
	charge int
}

// analyze reads the module and decides about it as a whole.
func (b *build) analyze(module []byte) error {
	m, err := wasmparse.Parse(module)
	if err != nil {
		return err
	}
	b.m = m
	for i := range m.Sections {
		if s := &m.Sections[i]; s.ID == wasmparse.SectionCustom && s.Name == rtlib.SectionMeta {
			return ErrAlreadyBuilt
		}
	}
	for i := range m.Exports {
		if name := m.Exports[i].Name; len(name) >= len(rtlib.Reserved) && name[:len(rtlib.Reserved)] == rtlib.Reserved {
			return fmt.Errorf("%w: export %q: names that start with %s are reserved", wasmparse.ErrUnsupported, name, rtlib.Reserved)
		}
	}
	for i := range m.Imports {
		if m.Imports[i].Module == rtlib.ImportModule {
			return fmt.Errorf("%w: import of %s.%s: the module name is reserved", wasmparse.ErrUnsupported, m.Imports[i].Module, m.Imports[i].Name)
		}
	}
	g, err := asyncify.Scan(m, b.opts.Workers)
	if err != nil {
		return err
	}
	b.g = g
	if b.opts.Preempt != PreemptOff {
		b.plan = planCharges(g, b.opts.Opt)
	}
	imports := seeds(m, &b.opts)
	g.Suspend(func(f wasmparse.FuncIdx) bool {
		if int(f) < m.ImportedFuncs {
			return imports[f]
		}
		body := &g.Bodies[int(f)-m.ImportedFuncs]
		return b.opts.Preempt == PreemptUnwind && (b.plan.entry[f] > 0 || body.Loops > 0)
	})
	if err := b.planExceptions(); err != nil {
		return err
	}
	b.planFusion()
	b.planReceiveFusion()
	b.layout()
	return nil
}

// rewrite runs the passes over every function.
func (b *build) rewrite(ctx context.Context) error {
	n := len(b.m.Bodies)
	b.fns = make([]rewritten, n)
	errs := make([]error, n)
	var mu sync.Mutex
	failed := n // lowest function with an error
	asyncify.Parallel(n, b.opts.Workers, func() func(int) {
		w := newWorker(b)
		return func(i int) {
			mu.Lock()
			skip := i > failed
			mu.Unlock()
			if skip || ctx.Err() != nil {
				return
			}
			if errs[i] = w.guarded(i); errs[i] != nil {
				mu.Lock()
				failed = min(failed, i)
				mu.Unlock()
			}
			b.tick(n)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	if failed < n {
		return errs[failed]
	}
	return nil
}

// tick reports progress every thousand functions.
func (b *build) tick(total int) {
	if b.opts.Progress == nil {
		return
	}
	b.progress.Lock()
	defer b.progress.Unlock()
	b.done++
	if b.done%1000 == 0 || b.done == total {
		b.opts.Progress(b.done, total)
	}
}

// A worker rewrites functions one after the other; its memory is reused.
type worker struct {
	b        *build
	fn       wasmparse.Func
	unroller unroller
	charger  charger
	throws   thrower
	bounds   prober
	edges    edgeSplitter
	rems     remainders
	em       asyncify.Emitter
}

func newWorker(b *build) *worker {
	w := &worker{b: b}
	w.charger = charger{
		plan: b.plan, g: b.g, m: b.exn.m, shift: b.patch.Shift(),
		budget: b.env.Budget, slow: b.fixed.slow, bulk: b.fixed.bulk,
	}
	if b.plan != nil {
		w.unroller.limit = unrollLimitOf(b.opts.Opt)
	}
	w.throws.b = b
	w.bounds.shared = slices.ContainsFunc(b.m.Mems, func(t wasmparse.MemType) bool { return t.Shared })
	w.edges.m = b.exn.m
	w.em.Env = b.env
	return w
}

// guarded is function with a panic turned into an error: a fault of ours must not take
// down who embeds us, and has to name the function.
func (w *worker) guarded(i int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			f := wasmparse.FuncIdx(w.b.m.ImportedFuncs + i)
			err = fmt.Errorf("%w: func %d (%s): %v\n%s", ErrInternal, f, w.b.m.Names().FuncName(f), p, debug.Stack())
		}
	}()
	return w.function(i)
}

func (w *worker) function(i int) error {
	b := w.b
	f := wasmparse.FuncIdx(b.m.ImportedFuncs + i)
	if err := w.fn.Decode(b.m, f); err != nil {
		return err
	}
	fn := &w.fn
	fn, err := w.throws.lower(fn)
	if err != nil {
		return err
	}
	unrolled := w.unroller.unroll(fn)
	out, changed, err := w.passes(unrolled)
	if err != nil {
		return err
	}
	r := &b.fns[i]
	r.charge = w.charger.charges
	if !b.g.MaySuspend[f] && r.charge == 0 && fn == &w.fn && !changed {
		return nil // nothing but its indices changes
	}
	if r.info, err = w.em.Prepare(out, b.env.SiteBase[i]); err != nil {
		return w.internal(i, err)
	}
	r.body = w.em.Fast()
	if r.info.Sites == 0 {
		return nil
	}
	if copied := len(unrolled.Instrs) - len(fn.Instrs); copied > len(fn.Instrs)/minCopied && !b.unrollsClones() {
		// No site is in a tiny loop, so that frames are the same.
		if out, _, err = w.passes(fn); err != nil {
			return err
		}
		if _, err = w.em.Prepare(out, b.env.SiteBase[i]); err != nil {
			return w.internal(i, err)
		}
	}
	r.clone = w.em.Resume()
	return nil
}

// minCopied: a resume clone without the copies is made where they are a 12th of the body and
// more, for the function is charged and analysed a second time for it.
const minCopied = 12

// unrollsClones reports whether tiny loops are unrolled in resume clones too, where it costs
// much code and pays only in frames that have been resumed. If a slice ends by unwinding,
// that is where loops run, and their charges are sites.
func (b *build) unrollsClones() bool { return b.opts.Opt > 0 || b.opts.Preempt == PreemptUnwind }

// internal is an error of ours in function i.
func (w *worker) internal(i int, err error) error {
	f := wasmparse.FuncIdx(w.b.m.ImportedFuncs + i)
	return fmt.Errorf("%w: func %d (%s): %w", ErrInternal, f, w.b.m.Names().FuncName(f), err)
}

// passes charges a function and runs all that comes behind, and reports whether anything
// but charges was added.
func (w *worker) passes(fn *wasmparse.Func) (out *wasmparse.Func, changed bool, err error) {
	b := w.b
	if out, err = w.charger.rewrite(fn); err != nil {
		return nil, false, err
	}
	changed = b.fusion.fuse(out)
	changed = b.received.fuse(out) || changed
	if b.opts.Opt >= 0 {
		var probed, split bool
		out, probed = w.bounds.probe(out)
		out, split = w.edges.split(out)
		changed = changed || probed || split
	}
	out, guarded := w.rems.guard(out)
	return out, changed || guarded, nil
}
