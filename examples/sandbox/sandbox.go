package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

// A Job is a plugin, what it may do, and what it is asked.
type Job struct {
	Name   string
	Module []byte
	Config runner.ProcessConfig
	// Patience is how long the plugin may take.
	Patience time.Duration
	Question string
}

// An Outcome is how a job went: one of the three is set.
type Outcome struct {
	Answer  string
	Refused error // the plugin was not started
	Failed  error // it ended, or was ended, without an answer
}

func (o Outcome) String() string {
	switch {
	case o.Refused != nil:
		return "refused: " + oneLine(o.Refused)
	case o.Failed != nil:
		return "failed: " + oneLine(o.Failed)
	}
	return "answer: " + o.Answer
}

func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// A Sandbox runs plugins that nobody trusts.
type Sandbox struct {
	rt     *runner.Runtime
	prices map[string]int64
}

// NewSandbox makes a sandbox whose plugins may log to a writer and ask for prices, if their
// configuration does not forbid that.
func NewSandbox(ctx context.Context, log io.Writer, prices map[string]int64) (*Sandbox, error) {
	s := &Sandbox{prices: prices}
	ours := []runner.Namespace{
		{Name: "log", Funcs: []runner.Func{{Name: "log", Type: "i32 i32", Call: func(p *runner.Process, stack []uint64) {
			fmt.Fprintf(log, "%q\n", p.Bytes("text", stack[0], min(stack[1], 200)))
		}}}},
		{Name: "prices", Funcs: []runner.Func{{Name: "price", Type: "i32 i32 -> i64", Call: s.price}}},
	}
	var err error
	s.rt, err = runner.New(ctx, runner.Config{
		Namespaces:     append(host.All(), ours...),
		MaxProcesses:   10,        // of each plugin
		MaxTotalMemory: 256 << 20, // of all
	})
	return s, err
}

// Close ends what still runs.
func (s *Sandbox) Close(ctx context.Context) error { return s.rt.Close(ctx) }

// price is a host function that waits, for a database say: the plugin is suspended meanwhile.
func (s *Sandbox) price(p *runner.Process, stack []uint64) {
	item := p.Text("item", stack[0], stack[1])
	p.Async(stack, func(context.Context) func(results []uint64) {
		cents, ok := s.prices[item]
		if !ok {
			cents = -1
		}
		return func(results []uint64) { results[0] = uint64(cents) }
	})
}

// Tags of the messages between the host and its plugins.
const (
	tagQuestion = 1
	tagAnswer   = 2
)

// Run runs a job. Each has an environment of its own: a plugin can send messages to, and kill,
// nobody but the process that asks it.
func (s *Sandbox) Run(ctx context.Context, job Job) Outcome {
	ctx, cancel := context.WithTimeoutCause(ctx, job.Patience, fmt.Errorf("no answer within %v", job.Patience))
	defer cancel()
	artifact, _, err := transform.Build(ctx, job.Module, transform.Options{SuspendImports: []string{"+prices.price"}})
	if err != nil {
		return Outcome{Refused: err}
	}
	mod, err := s.rt.Load(ctx, artifact)
	if err != nil {
		return Outcome{Refused: err}
	}
	env := s.rt.NewEnvironment()
	defer env.Close(context.WithoutCancel(ctx)) // kills what is left
	me, err := env.NewHostProcess()
	if err != nil {
		return Outcome{Refused: err}
	}
	defer me.Close()
	plugin, err := env.Spawn(mod, job.Config, "run", runner.Value{Type: api.ValueTypeI64, Bits: [2]uint64{me.ID()}})
	if err != nil {
		return Outcome{Refused: err}
	}
	me.Monitor(plugin.ID())
	me.Send(plugin.ID(), &runner.Message{Tag: tagQuestion, Data: []byte(job.Question)})
	for {
		m, err := me.Receive(ctx)
		switch {
		case ctx.Err() != nil:
			return Outcome{Failed: context.Cause(ctx)}
		case err != nil:
			return Outcome{Failed: errors.New("it has killed who asked it")}
		case m.Kind == runner.ProcessDied:
			<-plugin.Done()
			return Outcome{Failed: ended(plugin.Exit())}
		case m.Kind == runner.Data && m.Tag == tagAnswer:
			return Outcome{Answer: string(m.Data)}
		}
	}
}

// ended says why a plugin has ended that did not answer.
func ended(e runner.Exit) error {
	switch {
	case e.Err != nil:
		return e.Err
	case e.Code != 0:
		return fmt.Errorf("exit code %d", e.Code)
	case e.Reason == runner.ExitKilled:
		return errors.New("killed")
	}
	return errors.New("ended without an answer")
}
