package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Stress makes a runtime do often what is seldom. What a program does must not
// change. The bits may be combined.
type Stress uint8

const (
	// StressSuspend suspends at every host call that may, also when the result is there
	// at once, and wherever else the artifact allows it.
	StressSuspend Stress = 1 << iota
	// StressYield makes slices one reduction long, and every other one a little longer.
	StressYield
	// StressWindow lends the smallest window that the artifact can do with.
	StressWindow
	// StressHibernate lets every process that is suspended hibernate at once, if it can: at its
	// first suspensions, and now and then later.
	StressHibernate

	// StressAll is all of these.
	StressAll = StressSuspend | StressYield | StressWindow | StressHibernate
)

// DefaultSlice is the number of reductions after which others get their turn.
const DefaultSlice = 100_000

// Config says how a Runtime works. The zero value is usable, but offers the guest no
// host functions: see the package host.
type Config struct {
	// Namespaces are the host functions.
	Namespaces []Namespace
	// Workers is the number of processes that run at the same time; 0 means GOMAXPROCS.
	Workers int
	// Slice is the number of reductions a process may use before others get their turn;
	// 0 means DefaultSlice.
	Slice  int32
	Stress Stress
	// MaxTotalMemory limits the bytes of linear memory of all processes together; 0 means
	// without limit. memory.grow beyond it fails, and so does a spawn.
	MaxTotalMemory uint64
	// NoReuse makes a new instance for every process, which it keeps until its end. What a
	// program does does not change.
	NoReuse bool
	// HibernateAfter is how long a process has waited before it gives up its instance until
	// it goes on; 0 means DefaultHibernateAfter, below 0 never. What a program does does not
	// change.
	HibernateAfter time.Duration
	// CacheDir is where compiled code is kept; empty means nowhere.
	CacheDir string
	// Interpret runs guests without compiling them.
	Interpret bool
	// Stdin is shared by all processes whose configurations name no other; nil means
	// empty. So are Stdout and Stderr, which must be safe for concurrent use; nil means that
	// what is written is thrown away.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Build, if not nil, rewrites a module that is given to Compile, as those of guests
	// are, and is not an artifact: transform.Build, say. Without it such modules run as
	// they are, and can neither be suspended nor be preempted.
	Build func(ctx context.Context, module []byte) (artifact []byte, err error)
	// MaxProcesses limits the processes alive in each environment; 0 means no limit.
	MaxProcesses int
	// NoAttenuation lets processes give their children more than they have themselves, as
	// in Lunatic: see Process.Derive.
	NoAttenuation bool
	// Metrics is where guests' own counts go; nil means that they are thrown away.
	Metrics Metrics
	// Now and Monotonic are the clocks that guests read, the second one from any zero; Rand is
	// what they get as random. nil means the real ones. They must be safe for concurrent use.
	// Time-outs and sleeps are real.
	Now       func() time.Time
	Monotonic func() time.Duration
	Rand      io.Reader
	// OnFailure, if not nil, is called when a process has trapped. It is called on the
	// process's worker and should return soon.
	OnFailure func(p *Process, e Exit)
}

// A Runtime runs processes.
type Runtime struct {
	cfg    Config
	slice  int32
	stress Stress
	wazero wazero.Runtime
	cache  wazero.CompilationCache
	exec   *executor
	slots  slotSet
	// hibernating processes there are at the moment; there have been hibernations and wakes.
	hibernator          hibernator
	hibernating         atomic.Int64
	hibernations, wakes atomic.Uint64

	stdin *Stdin
	// instances is the part of wazero's configuration that all instances share.
	instances wazero.ModuleConfig
	funcs     []string // host functions of the namespaces, as MODULE.NAME
	// variants has the names of the host functions that are variants of others.
	variants map[variant]string

	modules        moduleCache
	compiling      chan struct{} // holds a token for each module that Compile compiles
	compilingBytes atomic.Int64  // see Reserve

	async sync.WaitGroup // goroutines of Async
	envs  atomic.Uint64
	start time.Time

	mu   sync.Mutex
	live map[*Environment]bool // nil when closed
}

// Features are the WebAssembly features that guests may use.
const Features = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences

// New makes a runtime. It must be closed.
func New(ctx context.Context, cfg Config) (*Runtime, error) {
	rt := &Runtime{cfg: cfg, slice: cfg.Slice, stress: cfg.Stress, start: time.Now(), live: make(map[*Environment]bool), variants: make(map[variant]string)}
	if rt.slice <= 0 {
		rt.slice = DefaultSlice
	}
	if cfg.Stress&StressYield != 0 {
		rt.slice = 1
	}
	rt.slots.init(cfg.MaxTotalMemory)
	rt.instances = rt.instanceConfig()
	wc := wazero.NewRuntimeConfig()
	if cfg.Interpret {
		wc = wazero.NewRuntimeConfigInterpreter()
	}
	wc = wc.WithCoreFeatures(Features).WithCustomSections(true)
	if cfg.CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cfg.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("runner: compilation cache: %w", err)
		}
		rt.cache = cache
		wc = wc.WithCompilationCache(cache)
	}
	rt.wazero = wazero.NewRuntimeWithConfig(ctx, wc)
	if _, err := InstantiateRT(ctx, rt.wazero); err != nil {
		return nil, errors.Join(fmt.Errorf("runner: %w", err), rt.closeWazero(ctx))
	}
	for i := range cfg.Namespaces {
		if err := cfg.Namespaces[i].instantiate(ctx, rt); err != nil {
			return nil, errors.Join(fmt.Errorf("runner: %w", err), rt.closeWazero(ctx))
		}
	}
	rt.stdin = stdinOf(cfg.Stdin)
	n := cfg.Workers
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	rt.exec = newExecutor(n)
	rt.compiling = make(chan struct{}, max(1, n/2))
	rt.hibernator.start(rt, cfg.HibernateAfter)
	return rt, nil
}

func (rt *Runtime) closeWazero(ctx context.Context) error {
	rt.exec.closePools()
	err := rt.wazero.Close(ctx)
	rt.slots.close()
	if rt.cache != nil {
		err = errors.Join(err, rt.cache.Close(ctx))
	}
	return err
}

// Close ends all processes and releases everything. It returns when they have ended, or
// with an error at the end of the context: what cannot be ended is a process that computes
// in a module that counts no reductions, and the compilation of a module.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.mu.Lock()
	live := rt.live
	rt.live = nil
	rt.mu.Unlock()
	rt.hibernator.close()
	for env := range live {
		if err := env.Close(ctx); err != nil {
			return err
		}
	}
	rt.exec.close()
	if err := rt.waitAsync(ctx); err != nil {
		return err
	}
	return rt.closeWazero(ctx)
}

// waitAsync waits for the goroutines of Async. Their contexts have ended, but wazero
// cannot be told to stop compiling.
func (rt *Runtime) waitAsync(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		rt.async.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("runner: an asynchronous host function still runs: %w", context.Cause(ctx))
	}
}

// Run runs mod's export _start as the root process of an environment of its own, and
// returns how it ended. The other processes end with it. When the context ends it is
// killed.
func (rt *Runtime) Run(ctx context.Context, mod *Module, cfg ProcessConfig) (Exit, error) {
	env := rt.NewEnvironment()
	root, err := env.Spawn(mod, cfg, "_start")
	if err != nil {
		return Exit{}, errors.Join(err, env.Close(ctx))
	}
	select {
	case <-root.Done():
	case <-ctx.Done():
		root.send(signal{kind: sigKill}, nil)
		select {
		case <-root.Done():
		case <-time.After(grace):
			return Exit{}, fmt.Errorf("runner: the root process still runs: %w", context.Cause(ctx))
		}
	}
	// A child that computes in a module that counts no reductions does not hear of it.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := env.Close(closing); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return root.Exit(), err
	}
	return root.Exit(), nil
}

// grace is how long Run waits for the processes that the root leaves behind.
const grace = time.Second
