package host

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// written is what processes have written, each on its own.
type written struct {
	mu sync.Mutex
	by map[uint64]string
}

func (w *written) Write([]byte) (int, error) { panic("nobody has said who writes") }

func (w *written) WriteProcess(p *runner.Process, b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = make(map[uint64]string)
	}
	w.by[p.ID()] += string(b)
	return len(b), nil
}

// A builder is a buffer that processes may write to.
type builder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *builder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *builder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A child has its parent's streams, also with a configuration that the guest has made.
func TestStdioIsInherited(t *testing.T) {
	for _, attenuate := range []bool{true, false} {
		var out written
		var rest, errs builder
		pc := root
		pc.Stdin, pc.Stdout, pc.Stderr = strings.NewReader("abc"), &out, &errs
		cfg := runner.Config{Stdin: strings.NewReader("not this"), Stdout: &rest, Stderr: &rest, NoAttenuation: !attenuate}
		ends(t, inFamily(t, cfg, pc, func(fam *family, p *runner.Process) {
			say := func(p *runner.Process) {
				s, errno := readFd(p, 0, 1)
				want(t, "fd_read", errno, errnoSuccess)
				writeFd(p, 1, s+"1")
				writeFd(p, 2, s+"2")
			}
			say(p)
			fam.child(p, inherit, inherit, say)
			fam.child(p, call(createConfig, p), inherit, say)
		}))
		want(t, "of the root", out.by[1], "a1")
		want(t, "of the first child", out.by[2], "b1")
		want(t, "of the second child", out.by[3], "c1")
		want(t, "standard error", errs.String(), "a2b2c2")
		want(t, "the runtime's", rest.String(), "")
	}
}

// A process that the host gives no streams has the runtime's, and a Config.Stdout that
// wants to know is told who writes.
func TestStdioOfRuntime(t *testing.T) {
	var out written
	ends(t, inFamily(t, runner.Config{Stdin: strings.NewReader("ab"), Stdout: &out}, root, func(fam *family, p *runner.Process) {
		say := func(p *runner.Process) {
			s, _ := readFd(p, 0, 1)
			writeFd(p, 1, s)
			_, errno := writeFd(p, 2, "nobody reads this")
			want(t, "fd_write", errno, errnoSuccess)
			io.WriteString(p.Stdout(), "!")
		}
		say(p)
		fam.child(p, inherit, inherit, say)
	}))
	want(t, "of the root", out.by[1], "a!")
	want(t, "of the child", out.by[2], "b!")
}

// Processes that the host spawns have streams of their own, one after the other in the
// same instance. One of them waits for its input while another one gets its own.
func TestStdioOfProcesses(t *testing.T) {
	ctx := context.Background()
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
		for {
			s, errno := readFd(p, 0, 100)
			want(t, "fd_read", errno, errnoSuccess)
			if s == "" {
				return
			}
			writeFd(p, 1, strings.ToUpper(s))
		}
	}}}}
	var rest builder
	rt, err := runner.New(ctx, runner.Config{Namespaces: append(All(), step), Workers: 1, Stdout: &rest})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	artifact, _, err := transform.Build(ctx, guest, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		t.Fatal(err)
	}
	env := rt.NewEnvironment()
	start := func(in io.Reader, out io.Writer) *runner.Process {
		p, err := env.Spawn(mod, runner.ProcessConfig{Stdin: in, Stdout: out}, "_start")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var late builder
	r, w := io.Pipe()
	waits := start(r, &late)
	reused := 0
	for _, s := range []string{"one", "two", "", "three"} {
		if rt.Rested() > 0 {
			reused++
		}
		var out builder
		p := start(strings.NewReader(s), &out)
		<-p.Done()
		ends(t, p.Exit())
		want(t, s, out.String(), strings.ToUpper(s))
	}
	want(t, "processes in a reused instance", reused, 3)
	io.WriteString(w, "at ")
	io.WriteString(w, "last")
	w.Close()
	<-waits.Done()
	ends(t, waits.Exit())
	want(t, "of the one that waited", late.String(), "AT LAST")
	p := start(nil, nil)
	<-p.Done()
	ends(t, p.Exit())
	want(t, "the runtime's", rest.String(), "")
}
