package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

// A number is the server of the scenarios server and server_stop. Its calls are "add N", "get",
// "infos" and "stop", its casts "add N" and "fail".
type number struct {
	first lunatic.Process[string]
	n     int
	infos int
}

type numberArg struct {
	First lunatic.Process[string]
	N     int
}

// A command is a call or a cast of most servers here.
type command struct {
	Do string
	N  int
}

var numbers = lunatic.RegisterServer("number", func() lunatic.Server[numberArg, command, string, command] { return &number{} })

func (s *number) Init(arg numberArg) error {
	s.first, s.n = arg.First, arg.N
	return nil
}

func (s *number) HandleCall(c command, from lunatic.ReplyTo[string]) error {
	switch c.Do {
	case "add":
		s.n += c.N
		from.Reply(fmt.Sprint(s.n))
	case "get":
		from.Reply(fmt.Sprint(s.n))
	case "infos":
		from.Reply(fmt.Sprint(s.infos))
	case "stop":
		from.Reply("bye")
		return lunatic.ErrStop
	}
	return nil
}

func (s *number) HandleCast(c command) error {
	switch c.Do {
	case "add":
		s.n += c.N
	case "fail":
		return errors.New("told to fail")
	}
	return nil
}

func (s *number) HandleInfo(i lunatic.Info) error {
	if i.Tag == tagInfo {
		s.infos++
	}
	return nil
}

func (s *number) Terminate(reason error) {
	switch {
	case reason == nil:
		s.first.SendTag(tagTerminate, fmt.Sprint(s.n))
	case errors.Is(reason, lunatic.ErrShutdown):
		s.first.SendTag(tagTerminate, "shutdown")
	default:
		s.first.SendTag(tagTerminate, "failed")
	}
}

func server() {
	say("start 10")
	s := must(numbers.Start(ctx, numberArg{inbox.Self(), 10}))
	say("call add 5")
	fmt.Println(must(s.Call(ctx, command{"add", 5})))
	say("cast add 1")
	s.Cast(command{"add", 1})
	say("call get")
	fmt.Println(must(s.Call(ctx, command{"get", 0})))
	say("send two messages")
	for range 2 {
		lunatic.Process[string](s).SendTag(tagInfo, "info")
	}
	say("call infos")
	fmt.Println(must(s.Call(ctx, command{"infos", 0})))
	monitor := lunatic.Monitor(s.ID)
	say("call stop")
	fmt.Println(must(s.Call(ctx, command{"stop", 0})))
	fmt.Println("terminate:", must(inbox.Receive(ctx, tagTerminate)))
	fmt.Println("end:", ended(monitor))
	say("call get")
	_, err := s.Call(ctx, command{"get", 0})
	fmt.Println(reason(err))
}

func serverStop() {
	for _, how := range []string{"shutdown", "fail"} {
		s := must(numbers.Start(ctx, numberArg{inbox.Self(), 1}))
		monitor := lunatic.Monitor(s.ID)
		say("%s", how)
		if how == "shutdown" {
			s.Shutdown()
		} else {
			s.Cast(command{how, 0})
		}
		fmt.Println("terminate:", must(inbox.Receive(ctx, tagTerminate)))
		fmt.Println("end:", ended(monitor))
	}
}

// A hopeless server does not start.
type hopeless struct{ noRequests }

type noRequests struct{}

func (noRequests) HandleCall(lunatic.None, lunatic.ReplyTo[lunatic.None]) error { return nil }
func (noRequests) HandleCast(lunatic.None) error                                { return nil }

var hopelessServers = lunatic.RegisterServer("hopeless", func() lunatic.Server[string, lunatic.None, lunatic.None, lunatic.None] {
	return hopeless{}
})

func (hopeless) Init(how string) error {
	switch how {
	case "crash":
		panic("on purpose")
	case "exit":
		os.Exit(0)
	}
	return errors.New("no luck")
}

func serverInit() {
	for _, how := range []string{"refuse", "crash", "exit"} {
		say("%s", how)
		_, err := hopelessServers.Start(ctx, how)
		fmt.Println(reason(err))
	}
}

// A slow server is that of call_timeout, call_dies and deferred.
type slow struct{ kept, late []lunatic.ReplyTo[int] }

var slowServers = lunatic.RegisterServer("slow", func() lunatic.Server[lunatic.None, command, int, lunatic.None] { return &slow{} })

func (s *slow) Init(lunatic.None) error       { return nil }
func (s *slow) HandleCast(lunatic.None) error { return nil }
func startSlow() lunatic.Ref[command, int, lunatic.None] {
	return must(slowServers.Start(ctx, lunatic.None{}))
}

func (s *slow) HandleCall(c command, from lunatic.ReplyTo[int]) error {
	switch c.Do {
	case "never":
	case "get":
		for _, l := range s.late {
			l.Reply(1)
		}
		s.late = nil
		from.Reply(42)
	case "late":
		s.late = append(s.late, from)
	case "crash":
		panic("on purpose")
	case "kill":
		lunatic.Self().Kill()
	case "exit":
		os.Exit(0)
	case "wait":
		s.kept = append(s.kept, from)
	case "waiting":
		from.Reply(len(s.kept))
	case "release":
		for _, k := range s.kept {
			k.Reply(c.N)
		}
		from.Reply(len(s.kept))
	}
	return nil
}

func callTimeout() {
	s := startSlow()
	say("call never")
	_, err := s.Call(within(20*time.Millisecond), command{"never", 0})
	fmt.Println(reason(err))
	say("call get")
	fmt.Println(must(s.Call(ctx, command{"get", 0})))
	s = startSlow()
	say("call late")
	_, err = s.Call(within(5*time.Millisecond), command{"late", 0})
	fmt.Println(reason(err))
	say("call get")
	fmt.Println(must(s.Call(ctx, command{"get", 0})))
	say("look")
	if _, there, _ := inbox.Try(); !there {
		fmt.Println("nothing")
	}
}

func callDies() {
	var s lunatic.Ref[command, int, lunatic.None]
	for _, how := range []string{"crash", "kill", "exit"} {
		s = startSlow()
		say("%s", how)
		_, err := s.Call(ctx, command{how, 0})
		fmt.Println(reason(err))
	}
	say("call again")
	_, err := s.Call(ctx, command{"get", 0})
	fmt.Println(reason(err))
}

var waits = lunatic.RegisterTask("waits", func(s lunatic.Ref[command, int, lunatic.None]) (int, error) {
	return s.Call(ctx, command{"wait", 0})
})

func deferred() {
	s := startSlow()
	say("wait, three times")
	var tasks []*lunatic.Task[int]
	for range 3 {
		tasks = append(tasks, must(waits.Async(s)))
	}
	for must(s.Call(ctx, command{"waiting", 0})) < 3 {
		time.Sleep(time.Millisecond)
	}
	say("release 7")
	fmt.Println(must(s.Call(ctx, command{"release", 7})))
	for _, t := range tasks {
		fmt.Println(must(t.Await(ctx)))
	}
}

var (
	product = lunatic.RegisterTask("product", func(x [2]int) (int, error) { return x[0] * x[1], nil })
	crash   = lunatic.RegisterTask("crash", func(lunatic.None) (int, error) { panic("on purpose") })
	forever = lunatic.RegisterTask("forever", func(lunatic.None) (int, error) {
		_, err := lunatic.Inbox[string]().Receive(ctx, 99)
		return 0, err
	})
)

func task() {
	fmt.Println("value:", must(must(product.Async([2]int{6, 7})).Await(ctx)))
	_, err := must(crash.Async(lunatic.None{})).Await(ctx)
	fmt.Println(reason(err))
	t := must(forever.Async(lunatic.None{}))
	_, err = t.Await(within(20 * time.Millisecond))
	fmt.Println(reason(err))
	monitor := lunatic.Monitor(t.ID())
	t.Cancel()
	if ended(monitor) == "killed" {
		fmt.Println("canceled")
	}
	fmt.Println("value:", must(must(product.Async([2]int{1, 1}, lunatic.Linked(5))).Await(ctx)))
}
