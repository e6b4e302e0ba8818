package lunatic_test

import (
	"context"
	"fmt"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

var greeter = lunatic.Register("greeter", func(inbox lunatic.Mailbox[string], greeting string) error {
	for {
		name, err := inbox.Receive(context.Background())
		if err != nil {
			return err // also at a shutdown, which is a normal end
		}
		if to, ok := lunatic.Whereis[string]("printer"); ok {
			to.Send(greeting + ", " + name)
		}
	}
})

// A process that receives messages.
func Example() {
	ctx := context.Background()
	inbox := lunatic.Inbox[string]()
	lunatic.RegisterName("printer", lunatic.Self())
	p, err := greeter.Spawn("hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Send("world")
	fmt.Println(inbox.Receive(ctx))

	monitor := lunatic.Monitor(p.ID)
	p.Shutdown()
	_, err = inbox.Receive(ctx, monitor)
	fmt.Println(err.(*lunatic.EndedError).Reason)
	// Output:
	// hello, world <nil>
	// normal
}

type question struct {
	A, B  int
	Reply lunatic.ReplyTo[int]
}

var calculator = lunatic.Register("calculator", func(inbox lunatic.Mailbox[question], _ lunatic.None) error {
	for {
		q, err := inbox.Receive(context.Background())
		if err != nil {
			return err
		}
		q.Reply.Reply(q.A * q.B)
	}
})

// A request and its answer.
func ExampleAsk() {
	p, err := calculator.Spawn(lunatic.None{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lunatic.Ask(context.Background(), p, func(to lunatic.ReplyTo[int]) question {
		return question{6, 7, to}
	}))
	// Output: 42 <nil>
}

// A counter is a server. Its calls add a number and answer the sum.
type counter struct{ sum int }

func (c *counter) Init(start int) error {
	c.sum = start
	return nil
}

func (c *counter) HandleCall(n int, from lunatic.ReplyTo[int]) error {
	c.sum += n
	from.Reply(c.sum)
	return nil
}

func (c *counter) HandleCast(what string) error {
	if what == "crash" {
		panic("told to crash")
	}
	return lunatic.ErrStop
}

var counters = lunatic.RegisterServer("counter", func() lunatic.Server[int, int, int, string] { return &counter{} })

func ExampleRegisterServer() {
	ctx := context.Background()
	c, err := counters.Start(ctx, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Call(ctx, 5))
	fmt.Println(c.Call(ctx, 1))
	c.Cast("stop")
	// Output:
	// 15 <nil>
	// 16 <nil>
}

var tree = lunatic.RegisterSupervisor("tree", func(watcher lunatic.Process[string]) (lunatic.Supervision, error) {
	c := counters.Child("counter", 10)
	c.Name = "the counter"
	return lunatic.Supervision{
		Strategy: lunatic.OneForOne,
		Children: []lunatic.Child{c},
		OnEvent:  func(event string) { watcher.Send(event) },
	}, nil
})

func ExampleRegisterSupervisor() {
	ctx := context.Background()
	events := lunatic.Inbox[string]()
	next := func() {
		event, _ := events.Receive(ctx)
		fmt.Println(event)
	}
	s, err := tree.Start(ctx, events.Self())
	if err != nil {
		fmt.Println(err)
		return
	}
	next()
	c, _ := lunatic.WhereisServer[int, int, string]("the counter")
	c.Cast("crash")
	next()
	next()
	c, _ = lunatic.WhereisServer[int, int, string]("the counter")
	fmt.Println(c.Call(ctx, 1))
	s.Shutdown()
	next()
	next()
	// Output:
	// start counter
	// end counter failed
	// start counter
	// 11 <nil>
	// shutdown counter
	// stop
}

var square = lunatic.RegisterTask("square", func(n int) (int, error) { return n * n, nil })

func ExampleTask() {
	var tasks []*lunatic.Task[int]
	for n := range 4 {
		t, err := square.Async(n)
		if err != nil {
			fmt.Println(err)
			return
		}
		tasks = append(tasks, t)
	}
	for _, t := range tasks {
		fmt.Println(t.Await(context.Background()))
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 4 <nil>
	// 9 <nil>
}
