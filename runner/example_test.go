package runner_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/tetratelabs/wazero/api"
)

// A program runs an artifact and asks how it ended.
func Example() {
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: host.All()})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, actors()) // the bytes of an artifact
	if err != nil {
		log.Fatal(err)
	}
	env := rt.NewEnvironment()
	p, err := env.Spawn(mod, runner.ProcessConfig{May: runner.MayAll}, "ping", runner.Value{Type: api.ValueTypeI32, Bits: [2]uint64{10}})
	if err != nil {
		log.Fatal(err)
	}
	<-p.Done()
	fmt.Println(p.Exit().Reason, env.Exists(p.ID()))
	// Output: normal false
}

// A host function of one's own that blocks: the process is suspended meanwhile.
func ExampleProcess_Async() {
	ask := runner.Func{Name: "ask", Type: "i32 -> i32", Call: func(p *runner.Process, stack []uint64) {
		question := uint32(stack[0])
		p.Async(stack, func(ctx context.Context) func([]uint64) {
			select {
			case <-time.After(time.Millisecond): // a database, say
			case <-ctx.Done(): // the process has ended
			}
			return func(results []uint64) { results[0] = uint64(question) * 2 }
		})
	}}
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: []runner.Namespace{{Name: "db", Funcs: []runner.Func{ask}}}})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	// (module (import "db" "ask" (func (param i32) (result i32)))
	//   (func (export "_start") (if (i32.ne (call 0 (i32.const 21)) (i32.const 42)) (then unreachable))))
	mod, err := rt.Load(ctx, []byte("\x00asm\x01\x00\x00\x00\x01\x09\x02\x60\x01\x7f\x01\x7f\x60\x00\x00"+
		"\x02\x0a\x01\x02db\x03ask\x00\x00\x03\x02\x01\x01\x07\x0a\x01\x06_start\x00\x01"+
		"\x0a\x0f\x01\x0d\x00\x41\x15\x10\x00\x41\x2a\x47\x04\x40\x00\x0b\x0b"))
	if err != nil {
		log.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, runner.ProcessConfig{May: runner.MayAll})
	fmt.Println(exit.Reason, err)
	// Output: normal <nil>
}

// What a process may use is said when it is spawned. This one computes for ever, and is
// given 10 units of fuel, about a million instructions.
func ExampleProcessConfig() {
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: host.All(), MaxProcesses: 100, MaxTotalMemory: 1 << 30})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, actors()) // the bytes of an artifact
	if err != nil {
		log.Fatal(err)
	}
	p, err := rt.NewEnvironment().Spawn(mod, runner.ProcessConfig{MaxFuel: 10, MaxMemory: 1 << 20}, "spin")
	if err != nil {
		log.Fatal(err)
	}
	<-p.Done()
	fmt.Println(p.Exit().Reason, errors.Is(p.Exit().Err, runner.ErrFuel))
	// Output: failed true
}
