package main

import (
	"fmt"
	"strings"
	"time"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

// A sum is the argument of adder.
type sum struct {
	To      lunatic.ReplyTo[int]
	A, B, C int
}

var (
	adder = lunatic.Register("adder", func(_ lunatic.Mailbox[lunatic.None], s sum) error {
		s.To.Reply(s.A + s.B + s.C)
		return nil
	})
	ender = lunatic.Register("ender", func(lunatic.Mailbox[lunatic.None], lunatic.None) error { return nil })
	// crasher waits for a message with tag 1.
	crasher = lunatic.Register("crasher", func(inbox lunatic.Mailbox[string], _ lunatic.None) error {
		must(inbox.Receive(ctx, 1))
		panic("on purpose")
	})
	sleeper = lunatic.Register("sleeper", func(inbox lunatic.Mailbox[string], _ lunatic.None) error {
		must(inbox.Receive(ctx, 99))
		return nil
	})
	// parent is linked to a crasher, which it lets crash.
	parent = lunatic.Register("parent", func(inbox lunatic.Mailbox[string], _ lunatic.None) error {
		must(inbox.Receive(ctx, 1))
		must(crasher.Spawn(lunatic.None{}, lunatic.Linked(5))).SendTag(1, "")
		must(inbox.Receive(ctx, 99))
		return nil
	})
)

func processes() {
	none := lunatic.None{}
	answers := lunatic.Inbox[int]()
	tag := lunatic.NewTag()
	must(adder.Spawn(sum{lunatic.ReplyTo[int]{ID: lunatic.Self(), Tag: tag}, 20, 15, 7}))
	fmt.Println("sum:", must(answers.Receive(ctx, tag)))

	end := ended(lunatic.Monitor(must(ender.Spawn(none)).ID))
	if end == "noproc" {
		end = "normal"
	}
	fmt.Println("monitor:", end)

	c := must(crasher.Spawn(none))
	monitor := lunatic.Monitor(c.ID)
	c.SendTag(1, "")
	fmt.Println("monitor:", ended(monitor))

	s := must(sleeper.Spawn(none))
	monitor = lunatic.Monitor(s.ID)
	s.Kill()
	fmt.Println("monitor:", ended(monitor))

	fmt.Println("monitor:", ended(lunatic.Monitor(999999)))

	lunatic.TrapExits(true)
	const link = 5
	must(crasher.Spawn(none, lunatic.Linked(link))).SendTag(1, "")
	fmt.Printf("link: %s, tag matches\n", ended(link))

	e := must(ender.Spawn(none, lunatic.Linked(link)))
	ended(lunatic.Monitor(e.ID))
	if _, there, _ := inbox.Try(link); !there {
		fmt.Println("link: nothing")
	}

	p := must(parent.Spawn(none))
	monitor = lunatic.Monitor(p.ID)
	p.SendTag(1, "")
	fmt.Println("linked:", ended(monitor))

	s = must(sleeper.Spawn(none))
	fmt.Print("exists: ", yes(s.Alive()))
	monitor = lunatic.Monitor(s.ID)
	s.Kill()
	ended(monitor)
	fmt.Println(",", yes(s.Alive()))
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// An echoed is a message to echo.
type echoed struct {
	To   lunatic.ReplyTo[string]
	Text string
}

var (
	echo = lunatic.Register("echo", func(inbox lunatic.Mailbox[echoed], _ lunatic.None) error {
		for {
			m, err := inbox.Receive(ctx)
			if err != nil {
				return err
			}
			m.To.Reply(m.Text)
		}
	})
	counter = lunatic.Register("counter", func(_ lunatic.Mailbox[lunatic.None], to lunatic.Process[int]) error {
		for i := range 1000 {
			to.SendTag(8, i)
		}
		return nil
	})
)

func mailbox() {
	self := inbox.Self()
	self.SendTag(1, "a")
	self.SendTag(2, "b")
	self.Send("c")
	self.SendTag(2, "d")
	got := []string{
		must(inbox.Receive(ctx, 2)), must(inbox.Receive(ctx, 1, 2)),
		must(inbox.Receive(ctx)), must(inbox.Receive(ctx)),
	}
	fmt.Println("received:", strings.Join(got, " "))

	_, err := inbox.Receive(within(10*time.Millisecond), 5)
	fmt.Println(reason(err))

	e := must(echo.Spawn(lunatic.None{}))
	say := func(text string) string {
		return must(lunatic.Ask(ctx, e, func(to lunatic.ReplyTo[string]) echoed { return echoed{to, text} }))
	}
	fmt.Println("reply:", say("hello"))

	self.SendAfter(10*time.Millisecond, 3, "later")
	self.SendTag(4, "now")
	fmt.Println("received:", must(inbox.Receive(ctx, 3, 4)), must(inbox.Receive(ctx, 3, 4)))

	canceled := self.SendAfter(time.Hour, 3, "never").Cancel()
	_, err = inbox.Receive(within(0), 3)
	fmt.Printf("canceled: %s, %s\n", yes(canceled), reason(err))

	lunatic.RegisterName("me", lunatic.Self())
	_, found := lunatic.Whereis[string]("me")
	lunatic.UnregisterName("me")
	_, still := lunatic.Whereis[string]("me")
	fmt.Printf("registry: %s, %s\n", foundOrNone(found), foundOrNone(still))

	numbers := lunatic.Inbox[int]()
	must(counter.Spawn(numbers.Self()))
	total, ordered := 0, "in order"
	for i := range 1000 {
		n := must(numbers.Receive(ctx, 8))
		if n != i {
			ordered = "not in order"
		}
		total += n
	}
	fmt.Printf("sum: %d, %s\n", total, ordered)

	large := make([]byte, 100_000)
	for i := range large {
		large[i] = byte(i % 251)
	}
	if say(string(large)) == string(large) {
		fmt.Println("large: same")
	}
}

func foundOrNone(b bool) string {
	if b {
		return "found"
	}
	return "none"
}
