// Sandbox embeds the runtime and lets plugins in C run that nobody trusts, each with few
// permissions and limits. Some of them are hostile. README.md says more.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

//go:embed plugins/*.wasm
var embedded embed.FS

// limited is what a plugin gets if nothing else is said: to answer, and to log.
func limited(forbid ...string) runner.ProcessConfig {
	return runner.ProcessConfig{
		MaxMemory:   1 << 20,
		MaxFuel:     1000, // about 100 million instructions
		MaxMessages: 100,
		MaxMailbox:  1 << 20,
		Forbid:      append(forbid, "lunatic::registry", "lunatic::sqlite"),
	}
}

const (
	noNetwork = "lunatic::networking"
	noPrices  = "prices"
)

// jobs is what the plugins are asked. weather is the address of the one server that some may
// talk to; dir a folder that one may read.
func jobs(weather, dir string) []Job {
	withPrices := limited(noNetwork)
	reader := limited(noNetwork, noPrices)
	reader.Dirs = []runner.Dir{{Host: dir, Guest: "/data", ReadOnly: true}}
	online := limited(noPrices)
	rule, err := runner.ParseRule(weather)
	if err != nil {
		panic(err) // it is an address
	}
	online.Net.Connect.Allow = []runner.Rule{rule}
	closed := limited(noNetwork, noPrices)

	return []Job{
		{Name: "words", Config: closed, Question: "one two  three"},
		{Name: "invoice", Config: withPrices, Question: "2 apple 3 pear"},
		{Name: "reader", Config: reader, Question: "/data/hello.txt"},
		{Name: "fetch", Config: online, Question: weather},

		{Name: "fetch", Config: online, Question: "127.0.0.1:1"},
		{Name: "fetch", Config: closed, Question: weather},
		{Name: "invoice", Config: closed, Question: "1 apple"},
		{Name: "reader", Config: reader, Question: "/data/../secret.txt"},
		{Name: "loop", Config: closed},
		{Name: "bomb", Config: closed},
		{Name: "crash", Config: closed},
		{Name: "fork", Config: closed},
		{Name: "flood", Config: closed},
		{Name: "sleep", Config: closed, Patience: 100 * time.Millisecond},
		{Name: "kill", Config: closed},
	}
}

func main() {
	dir := flag.String("plugins", "", "take the plugins from this folder instead of the embedded ones")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, os.Stderr, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// run runs all jobs and writes how each went. What plugins log goes to log.
func run(ctx context.Context, out, log io.Writer, folder string) error {
	plugins, err := fs.Sub(embedded, "plugins")
	if err != nil {
		return err
	}
	if folder != "" {
		plugins = os.DirFS(folder)
	}
	weather, err := serveWeather()
	if err != nil {
		return err
	}
	defer weather.Close()
	dir, err := os.MkdirTemp("", "sandbox")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(path.Join(dir, "hello.txt"), []byte("hello from the host"), 0o666); err != nil {
		return err
	}
	s, err := NewSandbox(ctx, log, map[string]int64{"apple": 50, "pear": 30})
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	for _, job := range jobs(weather.Addr().String(), dir) {
		if job.Module, err = fs.ReadFile(plugins, job.Name+".wasm"); err != nil {
			return err
		}
		if job.Patience == 0 {
			job.Patience = time.Minute
		}
		fmt.Fprintf(out, "%-8s %s\n", job.Name, s.Run(ctx, job))
	}
	return nil
}

// serveWeather is the server that plugins may talk to: it answers every connection with a text.
func serveWeather() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			fmt.Fprint(c, "rain")
			c.Close()
		}
	}()
	return l, nil
}
