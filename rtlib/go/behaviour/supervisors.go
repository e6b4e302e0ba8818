package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

// A worker keeps a number.
type worker struct{ n int }

// A workerArg says how a worker starts: it refuses, or asks the switch.
type workerArg struct{ Refuse, Flaky bool }

var workers = lunatic.RegisterServer("worker", func() lunatic.Server[workerArg, command, int, string] { return &worker{} })

type workerRef = lunatic.Ref[command, int, string]

func (w *worker) Init(arg workerArg) error {
	if arg.Flaky {
		s, ok := lunatic.WhereisServer[string, int, string]("switch")
		arg.Refuse = !ok || must(s.Call(ctx, "ok")) == 0
	}
	if arg.Refuse {
		return errors.New("no luck")
	}
	return nil
}

func (w *worker) HandleCall(c command, from lunatic.ReplyTo[int]) error {
	if c.Do == "add" {
		w.n += c.N
	}
	from.Reply(w.n)
	return nil
}

func (w *worker) HandleCast(what string) error {
	switch what {
	case "stop":
		return lunatic.ErrStop
	case "crash":
		panic("on purpose")
	}
	return nil
}

// A family is the argument of the supervisor.
type family struct {
	First     lunatic.Process[string]
	Prefix    string
	Strategy  lunatic.Strategy
	Intensity int // 0: 10
	Period    time.Duration
	Children  []lunatic.Child
}

var families = lunatic.RegisterSupervisor("family", func(f family) (lunatic.Supervision, error) {
	s := lunatic.Supervision{
		Strategy: f.Strategy, Intensity: f.Intensity, Period: f.Period, Children: f.Children,
		OnEvent: func(event string) { f.First.SendTag(tagEvent, f.Prefix+event) },
	}
	if s.Intensity == 0 {
		s.Intensity = 10
	}
	if s.Period == 0 {
		s.Period = time.Minute
	}
	return s, nil
})

// start starts a supervisor of children and prints their starts.
func start(f family) lunatic.Supervisor {
	f.First = inbox.Self()
	s := must(families.Start(ctx, f))
	events(len(f.Children))
	return s
}

// workersOf describes workers.
func workersOf(ids ...string) (children []lunatic.Child) {
	for _, id := range ids {
		children = append(children, workers.Child(id, workerArg{}))
	}
	return children
}

// get returns a supervisor's worker.
func get(s lunatic.Supervisor, id string) workerRef {
	for _, c := range must(s.Children(ctx)) {
		if c.ID == id {
			return workerRef{ID: c.Process}
		}
	}
	panic("no child " + id)
}

func cast(s lunatic.Supervisor, what, id string, n int) {
	say("%s %s", what, id)
	get(s, id).Cast(what)
	events(n)
}

func call(s lunatic.Supervisor, id string, c command) {
	if c.Do == "add" {
		say("add %d to %s", c.N, id)
	} else {
		say("get of %s", id)
	}
	fmt.Println(must(get(s, id).Call(ctx, c)))
}

func children(s lunatic.Supervisor) {
	say("children")
	for _, c := range must(s.Children(ctx)) {
		state := "up"
		if c.Process == 0 {
			state = "down"
		}
		fmt.Println(c.ID, state)
	}
}

func stop(s lunatic.Supervisor, n int) {
	say("shutdown")
	s.Shutdown()
	events(n)
}

func restartTypes() {
	c := workersOf("a", "b", "c")
	c[1].Restart, c[2].Restart = lunatic.Transient, lunatic.Temporary
	s := start(family{Children: c})
	cast(s, "stop", "c", 1)
	children(s)
	cast(s, "stop", "b", 1)
	children(s)
	say("restart b")
	must(s.RestartChild(ctx, "b"))
	events(1)
	cast(s, "crash", "b", 2)
	say("kill b")
	get(s, "b").Kill()
	events(2)
	cast(s, "stop", "a", 2)
	children(s)
	stop(s, 3)
}

func oneForAll() {
	c := workersOf("a", "b", "c", "d")
	c[3].Restart = lunatic.Temporary
	s := start(family{Strategy: lunatic.OneForAll, Children: c})
	call(s, "a", command{"add", 5})
	cast(s, "crash", "b", 7)
	call(s, "a", command{"get", 0})
	children(s)
	stop(s, 4)
}

func restForOne() {
	s := start(family{Strategy: lunatic.RestForOne, Children: workersOf("a", "b", "c")})
	call(s, "a", command{"add", 5})
	call(s, "c", command{"add", 6})
	cast(s, "crash", "b", 4)
	call(s, "a", command{"get", 0})
	call(s, "c", command{"get", 0})
	stop(s, 4)
}

func intensity() {
	s := start(family{Intensity: 2, Children: workersOf("a", "b")})
	monitor := lunatic.Monitor(s.ID)
	cast(s, "crash", "a", 2)
	cast(s, "crash", "a", 2)
	cast(s, "crash", "a", 3)
	fmt.Println("supervisor:", ended(monitor))
}

func period() {
	s := start(family{Intensity: 1, Period: 100 * time.Millisecond, Children: workersOf("a")})
	for i := range 3 {
		if i > 0 {
			time.Sleep(300 * time.Millisecond)
		}
		cast(s, "crash", "a", 2)
	}
	stop(s, 2)
}

func shutdown() {
	polite := workers.Child("polite", workerArg{})
	stubborn := sleeper.Child("stubborn", lunatic.None{})
	stubborn.Shutdown = 20 * time.Millisecond
	brutal := sleeper.Child("brutal", lunatic.None{})
	brutal.Shutdown = lunatic.BrutalKill
	s := start(family{Children: []lunatic.Child{polite, stubborn, brutal}})
	monitor := lunatic.Monitor(s.ID)
	stop(s, 4)
	fmt.Println("supervisor:", ended(monitor))
}

func startFails() {
	c := workersOf("a")
	c = append(c, workers.Child("b", workerArg{Refuse: true}))
	_, err := families.Start(ctx, family{First: inbox.Self(), Children: c})
	events(3)
	fmt.Println("error:", reason(err))
}

// A toggle is the server called switch.
type toggle struct{ off bool }

var toggles = lunatic.RegisterServer("switch", func() lunatic.Server[lunatic.None, string, int, string] { return &toggle{} })

func (t *toggle) Init(lunatic.None) error { return nil }
func (t *toggle) HandleCast(string) error { return nil }

func (t *toggle) HandleCall(what string, from lunatic.ReplyTo[int]) error {
	t.off = t.off || what == "off"
	if t.off {
		from.Reply(0)
	} else {
		from.Reply(1)
	}
	return nil
}

func restartFails() {
	t := must(toggles.Start(ctx, lunatic.None{}, lunatic.Named("switch")))
	s := start(family{Intensity: 3, Children: []lunatic.Child{workers.Child("flaky", workerArg{Flaky: true})}})
	monitor := lunatic.Monitor(s.ID)
	say("off")
	must(t.Call(ctx, "off"))
	cast(s, "crash", "flaky", 5)
	fmt.Println("supervisor:", ended(monitor))
}

// outcome prints the answer of a request, and the events that it has caused before it.
func outcome(n int, done string, err error) {
	events(n)
	var started *lunatic.AlreadyStartedError
	var refused *lunatic.InitError
	switch {
	case err == nil:
		fmt.Println(done)
	case errors.As(err, &started):
		fmt.Println("already started")
	case errors.As(err, &refused):
		fmt.Println("failed:", refused.Text)
	default:
		fmt.Println(err)
	}
}

func dynamic() {
	s := start(family{})
	startChild := func(c lunatic.Child, n int) {
		say("start %s", c.ID)
		_, err := s.StartChild(ctx, c)
		outcome(n, "started", err)
	}
	terminate := func(id string, n int) {
		say("terminate %s", id)
		outcome(n, "done", s.TerminateChild(ctx, id))
	}
	restart := func(id string, n int) {
		say("restart %s", id)
		_, err := s.RestartChild(ctx, id)
		outcome(n, "started", err)
	}
	remove := func(id string) {
		say("delete %s", id)
		outcome(0, "done", s.DeleteChild(ctx, id))
	}
	a := workers.Child("a", workerArg{})
	startChild(a, 1)
	startChild(a, 0)
	terminate("a", 1)
	terminate("a", 0)
	startChild(a, 0)
	children(s)
	restart("a", 1)
	restart("a", 0)
	remove("a")
	startChild(workers.Child("bad", workerArg{Refuse: true}), 1)
	children(s)
	tmp := workers.Child("tmp", workerArg{})
	tmp.Restart = lunatic.Temporary
	startChild(tmp, 1)
	terminate("tmp", 1)
	restart("tmp", 0)
	terminate("none", 0)
	restart("none", 0)
	remove("none")
	terminate("a", 1)
	remove("a")
	children(s)
	stop(s, 1)
}

func names() {
	c := workersOf("a")
	c[0].Name = "svc"
	s := start(family{Children: c})
	svc := func() workerRef {
		r, ok := lunatic.WhereisServer[command, int, string]("svc")
		if !ok {
			panic("svc is not registered")
		}
		return r
	}
	first := svc()
	say("add 3 by name")
	fmt.Println(must(first.Call(ctx, command{"add", 3})))
	cast(s, "crash", "a", 2)
	if svc() != first {
		fmt.Println("another process")
	}
	say("get by name")
	fmt.Println(must(svc().Call(ctx, command{"get", 0})))
	stop(s, 2)
	_, found := lunatic.WhereisServer[command, int, string]("svc")
	fmt.Println("svc:", foundOrNone(found))
}

func supervisorKilled() {
	s := start(family{Children: workersOf("a", "b")})
	monitors := []lunatic.Tag{lunatic.Monitor(get(s, "a").ID), lunatic.Monitor(get(s, "b").ID), lunatic.Monitor(s.ID)}
	say("kill the supervisor")
	s.Kill()
	for i, name := range strings.Fields("a b supervisor") {
		fmt.Printf("%s: %s\n", name, ended(monitors[i]))
	}
}

func nested() {
	inner := families.Child("inner", family{First: inbox.Self(), Prefix: "inner: ", Intensity: 1, Children: workersOf("leaf")})
	s := must(families.Start(ctx, family{First: inbox.Self(), Children: append([]lunatic.Child{inner}, workersOf("b")...)}))
	events(3)
	leaf := func(n int) {
		say("crash leaf")
		get(lunatic.Supervisor{ID: get(s, "inner").ID}, "leaf").Cast("crash")
		events(n)
	}
	leaf(2)
	leaf(5)
	stop(s, 5)
}
