package host

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// later sends an empty message with a tag to a process.
func later(p *runner.Process, to, tag, millis uint64) (timer uint64) {
	call(createData, p, tag, 0)
	return call(sendAfter, p, to, millis)
}

func TestTimers(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		start := time.Now()
		want(t, "first id", later(p, p.ID(), 1, 300), 0)
		want(t, "second id", later(p, p.ID(), 2, 0), 1)
		if p.Scratch != nil {
			t.Error("the message is still in the scratch slot")
		}
		for i, tag := range []uint64{2, 1} { // in the order of their times
			want(t, "receive", call(receive, p, 0, 0, 1<<64-1), 0)
			want(t, "tag", call(getTag, p), tag)
			want(t, "cancelled after it was received", call(cancelTimer, p, uint64(1-i)), 0)
		}
		if d := time.Since(start); d < 300*time.Millisecond {
			t.Errorf("came after %v", d)
		}
		hour := later(p, p.ID(), 3, 3600_000)
		for i, millis := range []uint64{1 << 63, 1<<64 - 1, 1 << 42} { // later than anything
			want(t, "id", later(p, p.ID(), 4, millis), hour+1+uint64(i))
		}
		want(t, "pending", p.Runtime().Census().Timers, 4)
		for id := hour; id < hour+4; id++ {
			want(t, "cancelled", call(cancelTimer, p, id), 1)
			want(t, "cancelled again", call(cancelTimer, p, id), 0)
		}
		want(t, "no such timer", call(cancelTimer, p, 12345), 0)
		want(t, "pending", p.Runtime().Census().Timers, 0)
		nobody := later(p, 999, 5, 0)
		want(t, "timer for nobody", nobody, hour+4)
		want(t, "cancelled for nobody", call(cancelTimer, p, nobody), 0)
		want(t, "nothing else came", call(receive, p, 0, 0, 0), 9027)
	}))
	misused(t, in(t, func(p *runner.Process) { call(sendAfter, p, p.ID(), 0) }), "no message in the scratch slot")
	misused(t, in(t, func(p *runner.Process) {
		later(p, p.ID(), 0, 0)
		call(sendAfter, p, p.ID(), 0)
	}), "no message in the scratch slot")
}

// A timer fires when its creator has ended, and does nothing when its target has.
func TestTimersOutliveProcesses(t *testing.T) {
	var closed atomic.Int64
	many(t, runner.Config{}, func(p *runner.Process) {
		call(monitor, p, 2)
		want(t, "receive", call(receive, p, 0, 0, 1<<64-1), 2)
		call(createData, p, 0, 0)
		p.Scratch.Attach(closeCounter{&closed})
		call(sendAfter, p, 3, 5) // process 3 lives on for less
		call(createData, p, 9, 0)
		call(send, p, 3)
		want(t, "receive", call(receive, p, 0, 0, 1<<64-1), 0)
		want(t, "tag", call(getTag, p), 7)
	}, func(p *runner.Process) {
		later(p, 1, 7, 30)
	}, func(p *runner.Process) {
		call(receive, p, 0, 0, 1<<64-1)
	})
	want(t, "attachments closed", closed.Load(), 1)
}

type closeCounter struct{ n *atomic.Int64 }

func (c closeCounter) Close() error { c.n.Add(1); return nil }

// What is pending when the environment is closed is dropped with what is attached to it, and
// starting one then does nothing.
func TestTimersAtTheEnd(t *testing.T) {
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: All()})
	if err != nil {
		t.Fatal(err)
	}
	env := rt.NewEnvironment()
	h, err := env.NewHostProcess()
	if err != nil {
		t.Fatal(err)
	}
	var closed atomic.Int64
	message := func() *runner.Message {
		m := &runner.Message{}
		m.Attach(closeCounter{&closed})
		return m
	}
	for i := range 1000 {
		if _, err := env.SendAfter(h.ID(), message(), 3600_000+uint64(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "pending", rt.Census().Timers, 1000)
	if err := env.Close(ctx); err != nil {
		t.Error(err)
	}
	want(t, "closed", closed.Load(), 1000)
	timer, err := env.SendAfter(h.ID(), message(), 0, nil)
	if err != nil || timer.Pending() || timer.Cancel() {
		t.Errorf("a timer after the end: pending %v, error %v", timer.Pending(), err)
	}
	want(t, "closed", closed.Load(), 1001)
	if err := rt.Close(ctx); err != nil {
		t.Error(err)
	}
}

// Timers and the memory of their messages are limited.
func TestTimersFull(t *testing.T) {
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: All()})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	env := rt.NewEnvironment()
	h, err := env.NewHostProcess()
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, runner.MaxTimersSize/4)
	n := 0
	for ; n < 10 && err == nil; n++ {
		_, err = env.SendAfter(h.ID(), &runner.Message{Data: data}, 3600_000, nil)
	}
	if !errors.Is(err, runner.ErrTimersFull) || n != 4 { // each is a little larger than its data
		t.Errorf("error %v at message %d", err, n)
	}
}

// Of a cancellation and a delivery at the same time, exactly one happens.
func TestCancelRaces(t *testing.T) {
	const n = 500
	ends(t, in(t, func(p *runner.Process) {
		sent := 0
		for i := range uint64(n) {
			id := later(p, p.ID(), i+1, i%3)
			if i%2 == 0 {
				call(sleep, p, 0)
			}
			if call(cancelTimer, p, id) == 0 {
				sent++
			}
		}
		for ; sent > 0; sent-- {
			want(t, "receive", call(receive, p, 0, 0, 5000), 0)
		}
		want(t, "nothing else", call(receive, p, 0, 0, 10), 9027)
	}))
}
