//go:build wasip1

package lunatic_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

// These tests run in processes: TestInProcesses, on the host, builds and runs them.
func TestMain(m *testing.M) {
	lunatic.Main(func() error {
		if os.Getenv("IDLE") != "" {
			return idle()
		}
		os.Exit(m.Run())
		return nil
	})
}

// idle does nothing, with everything that could keep a process busy: see TestIdleProcesses.
func idle() error {
	l, err := lunatic.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	for range 10 {
		if _, err := obedient.Spawn(lunatic.None{}); err != nil {
			return err
		}
		go lunatic.Inbox[string]().Receive(ctx, 1)
		go l.Accept()
		go time.Sleep(time.Hour)
	}
	fmt.Println("idle")
	_, err = lunatic.Inbox[string]().Receive(ctx)
	return err
}

var ctx = context.Background()

// soon is the context of what has to happen.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// reasonOf is the reason in an error.
func reasonOf(t *testing.T, err error) lunatic.Reason {
	t.Helper()
	var ended *lunatic.EndedError
	if !errors.As(err, &ended) {
		t.Fatalf("no end of a process: %v", err)
	}
	return ended.Reason
}

// endOf waits for the end of a process.
func endOf(t *testing.T, id lunatic.ID) lunatic.Reason {
	t.Helper()
	_, err := lunatic.Inbox[string]().Receive(soon(t), lunatic.Monitor(id))
	return reasonOf(t, err)
}

// While one goroutine receives the others run, and so do their timers.
func TestGoroutinesGoOn(t *testing.T) {
	inbox := lunatic.Inbox[string]()
	ticks := 0
	go func() {
		for range 5 {
			time.Sleep(time.Millisecond)
			ticks++
		}
		inbox.Self().Send("done")
	}()
	if m, err := inbox.Receive(soon(t)); m != "done" || err != nil || ticks != 5 {
		t.Errorf("got %q, %v after %d ticks", m, err, ticks)
	}
}

var reverse = lunatic.Register("reverse", func(_ lunatic.Mailbox[lunatic.None], to lunatic.Process[int]) error {
	for i := 100; i > 0; i-- {
		to.SendTag(lunatic.Tag(i), i)
	}
	to.Send(0)
	return nil
})

// Each of many goroutines gets the message with its tag, whatever comes first.
func TestReceivers(t *testing.T) {
	inbox := lunatic.Inbox[int]()
	must(reverse.Spawn(inbox.Self()))
	var wg sync.WaitGroup
	for i := 1; i <= 100; i++ {
		wg.Go(func() {
			if got, err := inbox.Receive(soon(t), lunatic.Tag(i)); got != i || err != nil {
				t.Errorf("tag %d: got %d, %v", i, got, err)
			}
		})
	}
	wg.Wait()
	if got, err := inbox.Receive(soon(t)); got != 0 || err != nil {
		t.Errorf("without a tag: got %d, %v", got, err)
	}
}

// Who takes all messages does not get an answer that another goroutine waits for.
func TestAnswersFindTheirWay(t *testing.T) {
	inbox := lunatic.Inbox[string]()
	p := must(opener.Spawn(lunatic.None{}))
	all := make(chan string)
	go func() { all <- must(inbox.Receive(soon(t))) }()
	for i := range 20 {
		got, err := lunatic.Ask(soon(t), p, func(to lunatic.ReplyTo[string]) *parcel {
			return &parcel{nil, time.Unix(0, 0), i, to}
		})
		if want := fmt.Sprint("map[] 0 ", i); got != want || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	inbox.Self().Send("the only one")
	if got := <-all; got != "the only one" {
		t.Errorf("got %q", got)
	}
	p.Kill()
}

func TestReceiveTimesOut(t *testing.T) {
	inbox := lunatic.Inbox[string]()
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := inbox.Receive(short, 77); err != context.DeadlineExceeded {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(ctx)
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := inbox.Receive(gone, 77); err != context.Canceled {
		t.Error(err)
	}
	// A message that is there is received whatever the context says.
	inbox.Self().SendTag(77, "there")
	if m, err := inbox.Receive(gone, 77); m != "there" || err != nil {
		t.Error(m, err)
	}
	if _, ok, err := inbox.Try(); ok || err != nil {
		t.Error(ok, err)
	}
}

func TestNotThatType(t *testing.T) {
	lunatic.Inbox[string]().Self().Send("not a number")
	if _, err := lunatic.Inbox[[]int]().Receive(soon(t)); err == nil {
		t.Error("no error")
	}
	if _, ok, _ := lunatic.Inbox[string]().Try(); ok {
		t.Error("the message is still there")
	}
}

// obedient waits until it is asked to end.
var obedient = lunatic.Register("obedient", func(inbox lunatic.Mailbox[string], _ lunatic.None) error {
	_, err := inbox.Receive(ctx)
	return err
})

func TestShutdown(t *testing.T) {
	p := must(obedient.Spawn(lunatic.None{}))
	p.Shutdown()
	if r := endOf(t, p.ID); r != lunatic.Normal && r != lunatic.NoProcess {
		t.Error(r)
	}
}

// door accepts connections until it is asked to end.
var door = lunatic.Register("door", func(inbox lunatic.Mailbox[string], to lunatic.ReplyTo[string]) error {
	l, err := lunatic.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	context.AfterFunc(lunatic.ShutdownContext(), func() { l.Close() })
	to.Reply(l.Addr().String())
	for {
		if _, err := l.Accept(); err != nil {
			return nil
		}
	}
})

func TestShutdownContext(t *testing.T) {
	tag := lunatic.NewTag()
	p := must(door.Spawn(lunatic.ReplyTo[string]{ID: lunatic.Self(), Tag: tag}))
	address, err := lunatic.Inbox[string]().Receive(soon(t), tag)
	if err != nil {
		t.Fatal(err)
	}
	monitor := lunatic.Monitor(p.ID)
	must(lunatic.DialContext(soon(t), "tcp", address)).Close()
	p.Shutdown()
	if _, err := lunatic.Inbox[string]().Receive(soon(t), monitor); reasonOf(t, err) != lunatic.Normal {
		t.Error(err)
	}
}

func TestUnlink(t *testing.T) {
	p := must(obedient.Spawn(lunatic.None{}, lunatic.Linked(5)))
	lunatic.Unlink(p.ID)
	p.Kill()
	if r := endOf(t, p.ID); r != lunatic.Killed && r != lunatic.NoProcess {
		t.Error(r)
	}
}

// asker sends its own id to a process of a name that many ask for.
var asker = lunatic.RegisterTask("asker", func(lunatic.None) (lunatic.ID, error) {
	p, _, err := obedient.GetOrSpawn("the one", lunatic.None{})
	return p.ID, err
})

func TestGetOrSpawn(t *testing.T) {
	var tasks []*lunatic.Task[lunatic.ID]
	for range 4 {
		tasks = append(tasks, must(asker.Async(lunatic.None{})))
	}
	p, ok := lunatic.ID(0), false
	for _, task := range tasks {
		id := must(task.Await(soon(t)))
		if ok && id != p {
			t.Errorf("two processes: %v and %v", p, id)
		}
		p, ok = id, true
	}
	found, ok := lunatic.Whereis[string]("the one")
	if !ok || found.ID != p {
		t.Errorf("registered: %v, %v", found, ok)
	}
	if _, spawned, err := obedient.GetOrSpawn("the one", lunatic.None{}); spawned || err != nil {
		t.Error(spawned, err)
	}
	p.Kill()
}

func TestTaskFails(t *testing.T) {
	task := must(failing.Async("no luck"))
	var failed *lunatic.TaskError
	if _, err := task.Await(soon(t)); !errors.As(err, &failed) || failed.Text != "no luck" {
		t.Error(err)
	}
	task.Cancel() // there is nothing to cancel
}

var failing = lunatic.RegisterTask("failing", func(text string) (int, error) { return 0, errors.New(text) })

// A message of everything, through a mailbox.
type parcel struct {
	Names map[string][]int
	When  time.Time
	Any   any
	Reply lunatic.ReplyTo[string]
}

var opener = lunatic.Register("opener", func(inbox lunatic.Mailbox[*parcel], _ lunatic.None) error {
	for {
		p, err := inbox.Receive(ctx)
		if err != nil {
			return err
		}
		p.Reply.Reply(fmt.Sprint(p.Names, p.When.Unix(), p.Any))
	}
})

func TestAsk(t *testing.T) {
	p := must(opener.Spawn(lunatic.None{}))
	got, err := lunatic.Ask(soon(t), p, func(to lunatic.ReplyTo[string]) *parcel {
		return &parcel{map[string][]int{"a": {1, 2}}, time.Unix(7, 0), 3.5, to}
	})
	if want := "map[a:[1 2]] 7 3.5"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	p.Kill()
	if _, err := lunatic.Ask(soon(t), p, func(to lunatic.ReplyTo[string]) *parcel { return nil }); err == nil {
		t.Error("a process that was killed has answered")
	}
	if _, ok, err := lunatic.Inbox[string]().Try(); ok {
		t.Errorf("something has stayed in the mailbox: %v", err)
	}
}

func TestSendPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	lunatic.Process[func()]{ID: lunatic.Self()}.Send(func() {})
}

// limited tries what its configuration may forbid, and says what has happened.
var limited = lunatic.RegisterTask("limited", func(what string) (string, error) {
	text := func(err error) string {
		if err != nil {
			return err.Error()
		}
		return "done"
	}
	switch what {
	case "spawn":
		_, err := obedient.Spawn(lunatic.None{})
		return text(err), nil
	case "configure":
		return text((&lunatic.Config{}).Check()), nil
	case "compile":
		_, err := lunatic.LoadModule([]byte("\x00asm\x01\x00\x00\x00"))
		return text(err), nil
	case "listen":
		_, err := lunatic.Listen("tcp", "127.0.0.1:0")
		return text(err), nil
	case "connect":
		_, err := lunatic.Dial("tcp", "127.0.0.1:1")
		return text(err), nil
	case "resolve":
		_, err := lunatic.Resolve(ctx, "localhost:1")
		return text(err), nil
	case "environment":
		return fmt.Sprintln(os.Args, os.Getenv("COLOUR")), nil
	case "memory":
		_ = make([]byte, 64<<20)
	}
	return "", nil
})

func TestConfig(t *testing.T) {
	c := &lunatic.Config{
		MaxMemory: 32 << 20, Args: []string{"prog", "x"}, Env: []string{"COLOUR=red=blue"},
		DenyListen: []string{"*"}, DenyConnect: []string{"127.0.0.1:1"}, DenyResolve: []string{"localhost"},
	}
	for what, want := range map[string]string{
		"spawn":       "permission denied: spawn processes (config_set_can_spawn_processes)",
		"configure":   "lunatic: permission denied: create configurations",
		"compile":     "lunatic: permission denied: compile modules",
		"listen":      "listen tcp 127.0.0.1:0: permission denied: listen on 127.0.0.1:0",
		"connect":     "dial tcp 127.0.0.1:1: permission denied: connect to 127.0.0.1:1",
		"resolve":     "lookup localhost: permission denied: resolve localhost",
		"environment": "[prog x] red=blue",
	} {
		got, err := must(limited.Async(what, lunatic.WithConfig(c))).Await(soon(t))
		if err != nil || len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
	}
	_, err := must(limited.Async("memory", lunatic.WithConfig(c))).Await(soon(t))
	if r := reasonOf(t, err); r != lunatic.Failed {
		t.Errorf("memory: %v", r)
	}
	if err := (&lunatic.Config{AllowListen: []string{"example.com"}}).Check(); err == nil {
		t.Error("a rule without sense is no error")
	}
	if _, err := obedient.Spawn(lunatic.None{}, lunatic.WithConfig(&lunatic.Config{Dirs: []string{"no such directory"}})); err == nil {
		t.Error("a directory that is not there is no error")
	}
}

// other is a module whose export f traps if its parameter is 0, and g always does:
//
//	(module (func (export "f") (param i32 i64) (if (i32.eqz (local.get 0)) (then unreachable))))
var other = []byte("\x00asm\x01\x00\x00\x00\x01\x06\x01\x60\x02\x7f\x7e\x00\x03\x02\x01\x00\x07\x05\x01\x01f\x00\x00" +
	"\x0a\x0b\x01\x09\x00\x20\x00\x45\x04\x40\x00\x0b\x0b")

func TestModule(t *testing.T) {
	m := must(lunatic.LoadModule(other))
	for _, tt := range []struct {
		first int32
		want  lunatic.Reason
	}{{1, lunatic.Normal}, {0, lunatic.Failed}} {
		lunatic.TrapExits(true)
		const tag = 9
		id := must(lunatic.SpawnFunction("f", []any{tt.first, int64(7)}, lunatic.InModule(m), lunatic.Linked(tag)))
		endOf(t, id)
		_, notice, err := lunatic.Inbox[string]().Try(tag)
		if notice != (tt.want == lunatic.Failed) || notice && reasonOf(t, err) != tt.want {
			t.Errorf("f(%d): %v, %v", tt.first, notice, err)
		}
		lunatic.TrapExits(false)
	}
	if _, err := lunatic.LoadModule([]byte("nothing")); err == nil {
		t.Error("what is no module is no error")
	}
	if _, err := lunatic.SpawnFunction("f", []any{"text"}); err == nil {
		t.Error("a text is no parameter")
	}
	// A module in a message.
	got, err := must(runs.Async(m)).Await(soon(t))
	if got != "killed" && got != "failed" || err != nil {
		t.Error(got, err)
	}
}

// runs spawns f(0) of a module.
var runs = lunatic.RegisterTask("runs", func(m *lunatic.Module) (string, error) {
	id, err := lunatic.SpawnFunction("f", []any{int32(0), int64(0)}, lunatic.InModule(m))
	if err != nil {
		return "", err
	}
	_, err = lunatic.Inbox[string]().Receive(ctx, lunatic.Monitor(id))
	var ended *lunatic.EndedError
	if errors.As(err, &ended) && ended.Reason == lunatic.NoProcess {
		return "failed", nil // it had ended before it could be monitored
	}
	return ended.Reason.String(), nil
})
