package lunatic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Strategy says who is started again when a child ends that has to be.
type Strategy uint8

const (
	OneForOne  Strategy = iota // the child alone
	OneForAll                  // all children
	RestForOne                 // the child and those that were started after it
)

// A Restart says when a child is started again that has ended by itself.
type Restart uint8

const (
	Permanent Restart = iota // always
	Transient                // if it did not end normally
	Temporary                // never; its description goes with it
)

// Special values of Child.Shutdown.
const (
	BrutalKill time.Duration = -1 // it is killed at once
	Infinity   time.Duration = -2 // it may take any time: for supervisors
)

// defaultShutdown and the defaults of a Supervision are those of docs/supervision.md.
const (
	defaultShutdown  = 5 * time.Second
	defaultIntensity = 1
	defaultPeriod    = 5 * time.Second
)

// NoRestarts is the Intensity 0: the first restart is one too many.
const NoRestarts = -1

// A Child describes a child of a supervisor. Roles have a method that makes one.
type Child struct {
	ID       string
	Restart  Restart
	Shutdown time.Duration // to end in good order; 0: 5 s
	Name     string        // that it is registered under, if any
	Start    Start
}

// A Start is a role and its argument.
type Start struct {
	Role   string
	Server bool // it says whether it has started
	Arg    []byte
}

// child describes a child. It panics if the argument cannot be encoded, or holds a socket: there
// may be more than one start.
func child[A any](id, role string, server bool, arg A) Child {
	e := &encoder{}
	if err := e.value(valueOf(&arg), 0); err != nil {
		panic(err)
	}
	if len(e.carried) > 0 {
		panic(badValue("the argument of a child holds a socket"))
	}
	return Child{ID: id, Start: Start{role, server, e.b}}
}

// Child describes a plain process as a child. One that neither receives messages nor has a
// [ShutdownContext] does not know of
// the shutdown message: its Shutdown should be [BrutalKill].
func (r Role[M, A]) Child(id string, arg A) Child { return child(id, r.name, false, arg) }

// Child describes a server as a child.
func (r ServerRole[A, Q, R, C]) Child(id string, arg A) Child { return child(id, r.name, true, arg) }

// Child describes a supervisor as a child: it has all the time that it needs to end.
func (r SupervisorRole[A]) Child(id string, arg A) Child {
	c := child(id, r.name, true, arg)
	c.Shutdown = Infinity
	return c
}

// A Supervision is what a supervisor does.
type Supervision struct {
	Strategy  Strategy
	Intensity int           // restarts that Period may see; 0: 1, NoRestarts: none
	Period    time.Duration // 0: 5 s
	Children  []Child       // in the order in which they are started
	OnEvent   func(string)  // is told of every event, within the supervisor; may be nil
}

// A SupervisorRole is a supervisor that was registered.
type SupervisorRole[A any] struct{ name string }

// RegisterSupervisor is [Register] for a supervisor. describe is called in its process; an error
// refuses to start.
func RegisterSupervisor[A any](name string, describe func(arg A) (Supervision, error)) SupervisorRole[A] {
	register(name, starting(func(arg A) (func() error, error) {
		described, err := describe(arg)
		if err != nil {
			return nil, err
		}
		s := &supervisor{Supervision: described}
		return s.loop, s.init()
	}))
	return SupervisorRole[A]{name}
}

// A Supervisor is a handle of a supervisor. It can be compared, and sent in messages.
type Supervisor struct{ ID }

// Start starts a supervisor and waits until its children have started. Errors are those of
// [ServerRole.Start]; that of a child which cannot be started is an [*InitError].
func (r SupervisorRole[A]) Start(ctx context.Context, arg A, options ...SpawnOption) (Supervisor, error) {
	ref, err := ServerRole[A, None, None, None](r).Start(ctx, arg, options...)
	return Supervisor(ref), err
}

// Errors of requests to a supervisor.
var (
	ErrNotFound       = errors.New("not found")
	ErrRunning        = errors.New("running")
	ErrAlreadyPresent = errors.New("already present") // and not running
)

// An AlreadyStartedError tells of a child that runs already.
type AlreadyStartedError struct{ ID ID }

func (e *AlreadyStartedError) Error() string { return "already started" }

// request and answer are those of a supervisor.
type (
	request struct {
		Kind  requestKind
		ID    string
		Child Child
	}
	answer struct {
		Outcome  outcome
		ID       ID
		Text     string
		Children []ChildState
		Events   []string
	}
	requestKind uint8
	outcome     uint8
)

const (
	startChild requestKind = iota
	terminateChild
	restartChild
	deleteChild
	whichChildren
	pastEvents
)

const (
	outcomeDone outcome = iota
	outcomeFailed
	outcomeNotFound
	outcomeRunning
	outcomeAlreadyPresent
	outcomeAlreadyStarted
)

// A ChildState is a child and its process, 0 if it does not run.
type ChildState struct {
	ID      string
	Process ID
}

func (s Supervisor) ask(ctx context.Context, r request) (answer, error) {
	a, err := Ref[request, answer, None](s).Call(ctx, r)
	if err != nil {
		return a, err
	}
	switch a.Outcome {
	case outcomeFailed:
		err = &InitError{a.Text}
	case outcomeNotFound:
		err = ErrNotFound
	case outcomeRunning:
		err = ErrRunning
	case outcomeAlreadyPresent:
		err = ErrAlreadyPresent
	case outcomeAlreadyStarted:
		err = &AlreadyStartedError{a.ID}
	}
	return a, err
}

// StartChild starts a child and returns its process. The error is an [*AlreadyStartedError],
// [ErrAlreadyPresent], or an [*InitError] if it could not be started.
func (s Supervisor) StartChild(ctx context.Context, c Child) (ID, error) {
	a, err := s.ask(ctx, request{Kind: startChild, Child: c})
	return a.ID, err
}

// TerminateChild shuts a child down; nothing happens if it does not run. Its description stays,
// unless it is temporary. The error may be [ErrNotFound].
func (s Supervisor) TerminateChild(ctx context.Context, id string) error {
	_, err := s.ask(ctx, request{Kind: terminateChild, ID: id})
	return err
}

// RestartChild starts a child that does not run. The error is [ErrRunning], [ErrNotFound], or an
// [*InitError] if it could not be started.
func (s Supervisor) RestartChild(ctx context.Context, id string) (ID, error) {
	a, err := s.ask(ctx, request{Kind: restartChild, ID: id})
	return a.ID, err
}

// DeleteChild removes the description of a child that does not run. The error is [ErrRunning] or
// [ErrNotFound].
func (s Supervisor) DeleteChild(ctx context.Context, id string) error {
	_, err := s.ask(ctx, request{Kind: deleteChild, ID: id})
	return err
}

// Children returns all children in order.
func (s Supervisor) Children(ctx context.Context) ([]ChildState, error) {
	a, err := s.ask(ctx, request{Kind: whichChildren})
	return a.Children, err
}

// Events returns the last 100 events.
func (s Supervisor) Events(ctx context.Context) ([]string, error) {
	a, err := s.ask(ctx, request{Kind: pastEvents})
	return a.Events, err
}

// maxEvents is how many events a supervisor keeps.
const maxEvents = 100

// A supervisor is the state of one.
type supervisor struct {
	Supervision
	children []*supervised
	restarts []time.Time // within the period
	events   []string
}

// A supervised is a child. Its link only ends it with the supervisor: what is handled is the
// notice of the monitor, which comes behind that of the link, and always.
type supervised struct {
	Child
	watched     // id 0: it does not run
	link    Tag // 0: it never ran
}

// errGaveUp is how a supervisor fails.
var errGaveUp = errors.New("more restarts than the intensity allows")

func (s *supervisor) init() error {
	switch s.Intensity {
	case 0:
		s.Intensity = defaultIntensity
	case NoRestarts:
		s.Intensity = 0
	}
	if s.Period == 0 {
		s.Period = defaultPeriod
	}
	TrapExits(true)
	for i, c := range s.Supervision.Children {
		if s.find(c.ID) >= 0 {
			return fmt.Errorf("two children have the id %q", c.ID)
		}
		s.children = append(s.children, &supervised{Child: c})
		if err := s.start(s.children[i]); err != nil {
			s.shutdownFrom(0)
			return err
		}
	}
	return nil
}

func (s *supervisor) find(id string) int {
	return slices.IndexFunc(s.children, func(c *supervised) bool { return c.Child.ID == id })
}

func (s *supervisor) event(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(s.events) == maxEvents {
		s.events = slices.Delete(s.events, 0, 1)
	}
	s.events = append(s.events, text)
	if s.OnEvent != nil {
		s.OnEvent(text)
	}
}

// loop handles ends and requests until the supervisor ends.
func (s *supervisor) loop() error {
	for {
		var x *incoming
		w := waiter{take: func(in *incoming) { x = in }}
		if err := w.wait(context.Background()); err != nil {
			return err
		}
		switch {
		case x.kind == kindProcessDied:
			if i := slices.IndexFunc(s.children, func(c *supervised) bool { return c.id != 0 && c.tag == x.tag }); i >= 0 {
				if err := s.ended(i, x.reason); err != nil {
					return err
				}
			}
		case x.kind == kindLinkDied && x.tag == 0, x.tag == tagShutdown:
			s.shutdownFrom(0)
			s.event("stop")
			if x.tag == 0 { // who has started it with a link has ended
				return errors.New("the process that has started the supervisor has ended")
			}
			return nil
		case x.kind == kindData && x.tag == tagCall:
			s.request(x)
		}
	}
}

// ended is called when a child has ended by itself. An error ends the supervisor.
func (s *supervisor) ended(i int, reason Reason) error {
	c := s.children[i]
	c.gone()
	if reason == NoProcess {
		reason = Normal
	}
	s.event("end %s %v", c.Child.ID, reason)
	switch {
	case c.Restart == Temporary:
		s.children = slices.Delete(s.children, i, i+1)
		return nil
	case c.Restart == Transient && reason == Normal:
		return nil
	}
	return s.restart(c)
}

// restart starts a child again and, with it, those that the strategy says. What cannot be started
// is tried again, as a further restart.
func (s *supervisor) restart(c *supervised) error {
	for c != nil {
		now := time.Now()
		s.restarts = append(slices.DeleteFunc(s.restarts, func(t time.Time) bool { return now.Sub(t) >= s.Period }), now)
		if len(s.restarts) > s.Intensity {
			s.event("give up")
			s.shutdownFrom(0)
			return errGaveUp
		}
		switch s.Strategy {
		case OneForOne:
			if s.start(c) == nil {
				return nil
			}
		case OneForAll:
			s.shutdownFrom(0)
			c = s.startFrom(0)
		case RestForOne:
			first := slices.Index(s.children, c)
			s.shutdownFrom(first)
			c = s.startFrom(first)
		}
	}
	return nil
}

// startFrom starts the children from the i-th on. It returns the one that could not be started.
func (s *supervisor) startFrom(i int) *supervised {
	for ; i < len(s.children); i++ {
		if s.start(s.children[i]) != nil {
			return s.children[i]
		}
	}
	return nil
}

// shutdownFrom shuts down the children from the i-th on, the last one first. Temporary ones
// vanish.
func (s *supervisor) shutdownFrom(i int) {
	for k := len(s.children) - 1; k >= i; k-- {
		c := s.children[k]
		s.shutdown(c)
		if c.Restart == Temporary {
			s.children = slices.Delete(s.children, k, k+1)
		}
	}
}

// start starts a child.
func (s *supervisor) start(c *supervised) error {
	c.link = newTag()
	options := []SpawnOption{Linked(c.link)}
	if c.Name != "" {
		options = append(options, Named(c.Name))
	}
	var err error
	if arg := (&encoder{b: c.Start.Arg}); c.Start.Server {
		c.watched, err = startEncoded(context.Background(), c.Start.Role, arg, options)
	} else {
		c.watched, err = startPlain(c.Start.Role, arg, options)
	}
	if err != nil {
		c.gone()
		s.event("start %s failed", c.Child.ID)
		return err
	}
	s.event("start %s", c.Child.ID)
	return nil
}

// startPlain starts a process that says nothing and returns it with a monitor.
func startPlain(role string, arg *encoder, options []SpawnOption) (m watched, err error) {
	gate := newTag()
	s, err := newSpawning(append(options, gated(gate)))
	if err != nil {
		return m, err
	}
	e := s.head(role)
	e.b = append(e.b, arg.b...)
	id, err := s.run(e)
	if err != nil {
		return m, err
	}
	m = watch(id) // before it can end
	sysSendData(uint64(id), int64(gate), nil, 0)
	return m, nil
}

// gone is called when a child's process has ended, or was not started.
func (c *supervised) gone() {
	c.watched = watched{}
	forget(c.link)
}

// shutdown ends a child, if it runs, as its description says.
func (s *supervisor) shutdown(c *supervised) {
	if c.id == 0 {
		return
	}
	done := "kill"
	if c.Shutdown != BrutalKill {
		ctx, cancel := c.patience()
		c.id.Shutdown()
		if _, err := c.end(ctx); err == nil {
			done = "shutdown"
		}
		cancel()
	}
	if done == "kill" {
		c.id.Kill()
		c.end(context.Background())
	}
	c.gone()
	s.event("%s %s", done, c.Child.ID)
}

// patience is the context of who waits for the child's end.
func (c *supervised) patience() (context.Context, context.CancelFunc) {
	switch c.Shutdown {
	case Infinity:
		return context.Background(), func() {}
	case 0:
		return context.WithTimeout(context.Background(), defaultShutdown)
	default:
		return context.WithTimeout(context.Background(), c.Shutdown)
	}
}

// request answers a request.
func (s *supervisor) request(x *incoming) {
	from, r, err := decodeCall[request, answer](x.data)
	if err != nil {
		return // anybody can send one
	}
	from.Reply(s.answer(r))
}

func (s *supervisor) answer(r request) answer {
	switch r.Kind {
	case whichChildren:
		a := answer{}
		for _, c := range s.children {
			a.Children = append(a.Children, ChildState{c.Child.ID, c.id})
		}
		return a
	case pastEvents:
		return answer{Events: s.events}
	case startChild:
		return s.add(r.Child)
	}
	i := s.find(r.ID)
	if i < 0 {
		return answer{Outcome: outcomeNotFound}
	}
	c := s.children[i]
	switch {
	case r.Kind == terminateChild:
		s.shutdown(c)
		if c.Restart == Temporary {
			s.children = slices.Delete(s.children, i, i+1)
		}
		return answer{}
	case c.id != 0:
		return answer{Outcome: outcomeRunning}
	case r.Kind == deleteChild:
		s.children = slices.Delete(s.children, i, i+1)
		return answer{}
	}
	return s.started(c, s.start(c))
}

// add starts a new child.
func (s *supervisor) add(c Child) answer {
	if i := s.find(c.ID); i >= 0 {
		if old := s.children[i]; old.id != 0 {
			return answer{Outcome: outcomeAlreadyStarted, ID: old.id}
		}
		return answer{Outcome: outcomeAlreadyPresent}
	}
	n := &supervised{Child: c}
	err := s.start(n)
	if err == nil {
		s.children = append(s.children, n)
	}
	return s.started(n, err)
}

func (s *supervisor) started(c *supervised, err error) answer {
	if err != nil {
		return answer{Outcome: outcomeFailed, Text: err.Error()}
	}
	return answer{ID: c.id}
}
