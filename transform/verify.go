package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// verify reads an artifact back: it must be valid, and keep the contract. What does
// not is a fault of ours.
func verify(ctx context.Context, artifact []byte, opts *Options) error {
	m, err := wasmparse.Parse(artifact)
	if err != nil {
		return fmt.Errorf("%w: verify: %w", ErrInternal, err)
	}
	errs := make([]error, len(m.Bodies))
	asyncify.Parallel(len(m.Bodies), opts.Workers, func() func(int) {
		var f wasmparse.Func
		var s wasmparse.Stack
		return func(i int) {
			if ctx.Err() == nil {
				errs[i] = m.ValidateBody(wasmparse.FuncIdx(m.ImportedFuncs+i), &f, &s)
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("%w: verify: %w", ErrInternal, err)
		}
	}
	rules := asyncify.Rules{Suspends: opts.suspends, Workers: opts.Workers}
	if err := asyncify.Check(m, rules); err != nil {
		return fmt.Errorf("%w: verify: %w", ErrInternal, err)
	}
	return nil
}

// suspends reports whether the options name an import as one that may suspend.
func (o *Options) suspends(module, name string) bool {
	if module == fusedModule && name == receivedName {
		name = "receive"
	}
	return !o.NoSuspend && o.fits(module+"."+name)
}

// fits reports whether a pattern for suspending imports fits MODULE.NAME.
func (o *Options) fits(name string) bool {
	return slices.ContainsFunc(o.suspendImports(), func(p string) bool { return match(p, name) })
}
