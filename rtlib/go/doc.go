// Package lunatic is for programs whose processes run under lunatic-run: it spawns
// processes, exchanges typed messages with them, links and monitors them, and has sockets that
// fit package net. Servers, supervisors and tasks are those of docs/supervision.md.
//
// A process is a whole Go program with a runtime and a heap of its own; it shares no memory
// with others. Within a process everything is as usual: goroutines, channels, timers, and they
// go on while one of them waits for a message or a connection. A process that has nothing to do
// waits in one host call.
//
// What a process does is a [Role]: a function that is registered under a name before main
// runs. main calls [Main], which plays the role that the process was spawned for or, in the
// first process, calls the function that it is given:
//
//	var greeter = lunatic.Register("greeter", func(inbox lunatic.Mailbox[string], greeting string) error {
//		for {
//			name, err := inbox.Receive(context.Background())
//			if err != nil {
//				return err
//			}
//			fmt.Println(greeting, name)
//		}
//	})
//
//	func main() {
//		lunatic.Main(func() error {
//			p, err := greeter.Spawn("hello")
//			if err != nil {
//				return err
//			}
//			p.Send("world")
//			...
//		})
//	}
//
// Build it with GOOS=wasip1 GOARCH=wasm go build -o app.wasm, run it with lunatic-run
// app.wasm. On other systems the package compiles, but what needs the host panics.
//
// A message is a value of any type that [Process.Send] can encode: it is copied. Sockets and
// modules in it move to the receiver.
package lunatic
