package runner_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
)

func TestHostProcess(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, runner.Config{})
	defer w.close()
	h, err := w.env.NewHostProcess()
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.env.NewHostProcess()
	if err != nil {
		t.Fatal(err)
	}
	if !w.env.Exists(h.ID()) || h.ID() == other.ID() {
		t.Fatalf("ids %d and %d", h.ID(), other.ID())
	}
	for tag := range int64(3) {
		if !other.Send(h.ID(), &runner.Message{Tag: tag, Data: []byte{byte(tag)}}) {
			t.Fatal("not sent")
		}
	}
	for i, tags := range [][]int64{{9, 2}, nil, nil} {
		m, err := h.Receive(ctx, tags...)
		if err != nil || m.Data[0] != []byte{2, 0, 1}[i] {
			t.Errorf("receive %v: got %+v, %v", tags, m, err)
		}
	}
	canceled, cancel := context.WithCancelCause(ctx)
	stop := errors.New("stop")
	cancel(stop)
	if _, err := h.Receive(canceled); err != stop {
		t.Errorf("got %v, want the context's cause", err)
	}

	// Links and monitors, both ways.
	guest := w.spawn("echo")
	h.Link(guest.ID(), 7)
	h.Monitor(guest.ID())
	h.Link(other.ID(), 8)
	h.Unlink(other.ID())
	h.Monitor(other.ID())
	w.env.Kill(guest.ID())
	kinds := map[runner.MessageKind]*runner.Message{}
	for range 2 {
		m, err := h.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		kinds[m.Kind] = m
	}
	if m := kinds[runner.LinkDied]; m == nil || m.Tag != 7 || m.PID != guest.ID() || m.Exit == nil || m.Exit.Reason != runner.ExitKilled {
		t.Errorf("link: %+v", m)
	}
	if m := kinds[runner.ProcessDied]; m == nil || m.PID != guest.ID() || m.Exit == nil || m.Exit.Reason != runner.ExitKilled {
		t.Errorf("monitor: %+v", m)
	}
	other.Close()
	if m, err := h.Receive(ctx); err != nil || m.Kind != runner.ProcessDied || m.PID != other.ID() {
		t.Errorf("after the other's end: %+v, %v", m, err)
	}
	h.Monitor(other.ID())
	if m, err := h.Receive(ctx); err != nil || m.Kind != runner.ProcessDied || m.Exit != nil {
		t.Errorf("monitoring a process that is gone: %+v, %v", m, err)
	}
	if h.Send(other.ID(), &runner.Message{}) {
		t.Error("sent to a process that has ended")
	}
	if _, err := other.Receive(ctx); err != runner.ErrClosed {
		t.Errorf("got %v, want ErrClosed", err)
	}
	other.Close() // again

	w.env.Kill(h.ID())
	<-h.Done()
	if _, err := h.Receive(ctx); err != runner.ErrClosed {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

// Who links to others while it is being killed leaves no link behind that nobody answers
// for.
func TestHostProcessLinksAtItsEnd(t *testing.T) {
	w := newWorld(t, runner.Config{})
	defer w.close()
	other, _ := w.env.NewHostProcess()
	for tag := range int64(200) {
		h, _ := w.env.NewHostProcess()
		w.env.Kill(h.ID())
		if tag%2 == 0 {
			<-h.Done()
		}
		h.Link(other.ID(), tag+1)
		m, err := other.Receive(t.Context(), tag+1)
		if err != nil || m.Kind != runner.LinkDied {
			t.Fatalf("got %+v, %v", m, err)
		}
		<-h.Done()
	}
}

// A process that has ended stays alone with what it did not handle: the others are told.
func TestHostProcessEndsWithLinks(t *testing.T) {
	w := newWorld(t, runner.Config{})
	defer w.close()
	h, _ := w.env.NewHostProcess()
	watcher, _ := w.env.NewHostProcess()
	guest := w.spawn("echo")
	h.Link(guest.ID(), 0)
	watcher.Monitor(h.ID())
	h.DieWhenLinkDies(true)
	w.env.Kill(guest.ID())
	if _, err := h.Receive(context.Background()); err != runner.ErrClosed {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if m, err := watcher.Receive(context.Background()); err != nil || m.PID != h.ID() {
		t.Errorf("got %+v, %v", m, err)
	}
}

// A full mailbox ends the process; whoever is linked hears of it.
func TestMailboxFull(t *testing.T) {
	tests := []struct {
		name  string
		cfg   runner.ProcessConfig
		n     int // messages that are too many
		bytes int
	}{
		{"messages", runner.ProcessConfig{MaxMessages: 10}, 11, 1},
		{"bytes", runner.ProcessConfig{MaxMailbox: 1 << 20}, 11, 100_000},
		{"default", runner.ProcessConfig{}, runner.DefaultMaxMessages + 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, runner.Config{Workers: 1})
				defer w.close()
				h, _ := w.env.NewHostProcess()
				p, err := w.env.Spawn(w.mod, tt.cfg, "sleep", value(int64(1)<<40))
				if err != nil {
					t.Fatal(err)
				}
				h.Link(p.ID(), 3)
				send := func(n int) {
					for range n {
						w.env.Send(p.ID(), &runner.Message{Data: make([]byte, tt.bytes)})
						if tt.n < 100 {
							synctest.Wait() // each in its turn
						}
					}
					synctest.Wait()
				}
				send(tt.n - 1)
				if !w.env.Exists(p.ID()) {
					t.Fatal("ended before it was full")
				}
				send(1)
				<-p.Done()
				if e := p.Exit(); e.Reason != runner.ExitFailed || !errors.Is(e.Err, runner.ErrMailboxFull) {
					t.Errorf("got %v, %v", e.Reason, e.Err)
				}
				if m, err := h.Receive(context.Background()); err != nil || m.Kind != runner.LinkDied || m.Tag != 3 {
					t.Errorf("link: %+v, %v", m, err)
				}
			})
		})
	}
}

// So do signals that come faster than a process handles them: here it never does, since
// it has no turn.
func TestSignalsFull(t *testing.T) {
	w := newWorld(t, runner.Config{Workers: 1})
	defer w.close()
	p, err := w.env.Spawn(w.mod, runner.ProcessConfig{MaxMessages: 100}, "spin")
	if err != nil {
		t.Fatal(err)
	}
	h, _ := w.env.NewHostProcess()
	for range 100_000 {
		if !w.env.Exists(p.ID()) {
			break
		}
		h.Link(p.ID(), 1)
	}
	<-p.Done()
	if e := p.Exit(); !errors.Is(e.Err, runner.ErrMailboxFull) || !strings.Contains(e.Err.Error(), "signals") {
		t.Errorf("got %v, %v", e.Reason, e.Err)
	}
	if m, err := h.Receive(context.Background()); err != nil || m.Kind != runner.LinkDied {
		t.Errorf("link: %+v, %v", m, err)
	}
}

// One that nobody looks into is killed when it is full, too: an environment could not be
// closed otherwise.
func TestFullHostProcessIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, runner.Config{Workers: 1})
		defer w.close()
		h, _ := w.env.NewHostProcess()
		data := make([]byte, 1<<20)
		for n := 0; n <= runner.DefaultMaxMailbox+len(data); n += len(data) {
			w.env.Send(h.ID(), &runner.Message{Data: data})
		}
		w.env.Kill(h.ID())
		select {
		case <-h.Done():
		case <-time.After(time.Minute): // of the bubble's clock
			t.Error("it is still there")
			h.Close()
		}
	})
}

// A program talks to a guest as one of its processes.
func ExampleHostProcess() {
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
	me, err := env.NewHostProcess()
	if err != nil {
		log.Fatal(err)
	}
	guest, err := env.Spawn(mod, runner.ProcessConfig{}, "echo") // sends back what it gets
	if err != nil {
		log.Fatal(err)
	}
	me.Monitor(guest.ID())
	// It wants to know who asks, and a number to add 1 to.
	question := binary.LittleEndian.AppendUint64(nil, me.ID())
	question = binary.LittleEndian.AppendUint64(question, 41)
	me.Send(guest.ID(), &runner.Message{Tag: 5, Data: question})
	answer, err := me.Receive(ctx, 5)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(binary.LittleEndian.Uint64(answer.Data[8:]))
	env.Kill(guest.ID())
	end, err := me.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(end.Kind == runner.ProcessDied, end.PID == guest.ID(), end.Exit.Reason)
	// Output:
	// 42
	// true true killed
}
