package host

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// A family is a root process that runs f, and children that it spawns, which run the
// function that was given to spawnChild.
type family struct {
	testing.TB
	children chan func(p *runner.Process)
	ended    chan runner.Exit // of children that trapped
}

// inFamily is in with configurations. Every call of a host function is a real one.
func inFamily(t *testing.T, cfg runner.Config, pc runner.ProcessConfig, f func(fam *family, p *runner.Process)) runner.Exit {
	t.Helper()
	ctx := context.Background()
	fam := &family{TB: t, children: make(chan func(*runner.Process), 100), ended: make(chan runner.Exit, 100)}
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
		if p.ID() == 1 {
			f(fam, p)
			return
		}
		(<-fam.children)(p)
	}}}}
	cfg.Namespaces, cfg.Workers = append(All(), step), 4 // the root waits in a host call
	cfg.OnFailure = func(p *runner.Process, e runner.Exit) { fam.ended <- e }
	rt, err := runner.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, guest)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, pc)
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

var root = runner.ProcessConfig{May: runner.MayAll}

// putText writes a string to the guest's memory and returns its place as arguments.
func putText(p *runner.Process, at uint64, s string) (ptr, n uint64) {
	copy(p.Bytes("", at, uint64(len(s))), s)
	return at, uint64(len(s))
}

// await lets a process wait without holding its worker.
func await[T any](p *runner.Process, ch <-chan T) (x T) {
	p.Async(make([]uint64, 4), func(context.Context) func([]uint64) {
		x = <-ch
		return nil
	})
	return x
}

// Places in the guest's memory.
const (
	outAt  = 8
	textAt = 64
	moreAt = 32768
)

// try spawns the export _start, and returns the status and what was written to id_ptr.
func try(p *runner.Process, config, module uint64) (status, id uint64) {
	name, n := putText(p, textAt, "_start")
	status = call(spawn, p, 0, config, module, name, n, 0, 0, outAt)
	return status, binary.LittleEndian.Uint64(p.Bytes("", outAt, 8))
}

// errorOf returns the text of an error whose id a function has written.
func errorOf(p *runner.Process) string {
	return errorText(p, binary.LittleEndian.Uint64(p.Bytes("", outAt, 8)))
}

// child spawns a process that runs f, and waits until f has returned.
func (fam *family) child(p *runner.Process, config, module uint64, f func(p *runner.Process)) {
	fam.Helper()
	done := make(chan bool, 1)
	fam.children <- func(p *runner.Process) {
		defer func() { done <- true }()
		f(p)
	}
	if status, _ := try(p, config, module); status != ok {
		<-fam.children
		fam.Errorf("spawn: %s", errorOf(p))
		return
	}
	await(p, done)
}

// refused checks that a spawn fails.
func (fam *family) refused(p *runner.Process, config, module uint64, want string) {
	fam.Helper()
	status, _ := try(p, config, module)
	if status != failed {
		fam.Errorf("spawn: status %d, want an error like %q", status, want)
		<-fam.children
		return
	}
	if got := errorOf(p); !strings.Contains(got, want) {
		fam.Errorf("spawn: got the error %q, want %q", got, want)
	}
}

// function returns one of the functions for configurations by its name.
func function(t testing.TB, name string) func(*runner.Process, []uint64) {
	for _, f := range configFuncs {
		if f.Name == name {
			return f.Call
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestConfigValues(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		f := func(name string) func(*runner.Process, []uint64) { return function(t, name) }
		c := call(createConfig, p)
		want(t, "first id", c, 0)
		for _, x := range []struct {
			name string
			zero uint64 // before it is set
			set  []uint64
		}{
			{"max_memory", 4294967295, []uint64{65536, 0, 1 << 40, 1<<64 - 1}},
			{"max_fuel", 0, []uint64{7, 1<<64 - 1, 0}},
			{"max_messages", 0, []uint64{7, 0, 1<<31 - 1}},
			{"max_mailbox", 0, []uint64{7, 0, 1<<31 - 1}},
		} {
			want(t, x.name, call(f("config_get_"+x.name), p, c), x.zero)
			for _, n := range x.set {
				call(f("config_set_"+x.name), p, c, n)
				want(t, x.name, call(f("config_get_"+x.name), p, c), n)
			}
		}
		for _, name := range []string{"can_compile_modules", "can_create_configs", "can_spawn_processes"} {
			for _, set := range []uint64{0, 1, 0, 1<<32 - 1} {
				call(f("config_set_"+name), p, c, set)
				want(t, name, call(f("config_"+name), p, c), min(set, 1))
			}
		}
		want(t, "others are not touched", call(f("config_get_max_fuel"), p, c), 0)
		call(dropConfig, p, c)
		want(t, "ids are not used again", call(createConfig, p), 1)
	}))
}

// All functions trap without a configuration, for which the caller's own is none.
func TestConfigMisuse(t *testing.T) {
	for _, f := range slices.Concat(configFuncs, lunaticWASI.Funcs) {
		if f.Name == "create_config" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			for _, id := range []uint64{3, inherit} {
				e := inFamily(t, runner.Config{}, root, func(_ *family, p *runner.Process) { call(f.Call, p, id, 0, 0, 0, 0) })
				if e.Err == nil || !strings.Contains(e.Err.Error(), "config_id: no configuration has the id") {
					t.Errorf("got %v", e.Err)
				}
			}
			if strings.Contains(f.Type, "i64 i32 i32") { // it takes a string
				for _, args := range [][]uint64{{65530, 7, outAt, 1, outAt}, {1<<32 - 1, 2, outAt, 1, outAt}, {0, 1<<32 - 1, outAt, 1, outAt}, {textAt, 1, 65530, 8, outAt}} {
					if args[2] == 65530 && f.Type != "i64 i32 i32 i32 -> i32" && f.Type != "i64 i32 i32 i32 i32" {
						continue
					}
					e := inFamily(t, runner.Config{}, root, func(_ *family, p *runner.Process) {
						putText(p, textAt, "*")
						call(f.Call, p, append([]uint64{call(createConfig, p)}, args...)...)
					})
					if e.Err == nil || !strings.Contains(e.Err.Error(), "outside of the memory") {
						t.Errorf("%v: got %v", args, e.Err)
					}
				}
				e := inFamily(t, runner.Config{}, root, func(_ *family, p *runner.Process) {
					putText(p, textAt, "\xff")
					call(f.Call, p, call(createConfig, p), textAt, 1, outAt, 1, outAt)
				})
				if e.Err == nil || !strings.Contains(e.Err.Error(), "invalid UTF-8") {
					t.Errorf("got %v", e.Err)
				}
			}
		})
	}
}

func TestConfigLimits(t *testing.T) {
	e := inFamily(t, runner.Config{}, root, func(_ *family, p *runner.Process) {
		for range maxConfigs {
			call(createConfig, p)
		}
		call(dropConfig, p, 5)
		want(t, "there is room again", call(createConfig, p), maxConfigs)
		call(createConfig, p)
		t.Error("survived")
	})
	if e.Err == nil || !strings.Contains(e.Err.Error(), "1024 configurations, more are not allowed") {
		t.Errorf("got %v", e.Err)
	}
	for _, size := range []uint64{0, 200, maxConfigSize/2 + 1} { // too many, or too long
		e = inFamily(t, runner.Config{}, root, func(_ *family, p *runner.Process) {
			c := call(createConfig, p)
			at := uint64(0)
			if size > 65536 {
				p.Instance().Memory().Grow(4)
			}
			for range maxConfigItems + 1 {
				call(addCommandLineArgument, p, c, at, size)
			}
		})
		if e.Err == nil || !strings.Contains(e.Err.Error(), "argument: the configuration is too large") {
			t.Errorf("%d bytes: got %v", size, e.Err)
		}
	}
}

func TestDenied(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		c := call(createConfig, p) // everything is denied
		fam.child(p, c, inherit, func(p *runner.Process) {
			want(t, "create_config", call(createConfig, p), deniedI64)
			p.PutU64("", outAt, 4711)
			want(t, "compile_module", call(compileModule, p, 0, 8, outAt), deniedI32)
			want(t, "id_ptr is untouched", binary.LittleEndian.Uint64(p.Bytes("", outAt, 8)), 4711)
			fam.refused(p, inherit, inherit, "permission denied: spawn processes (config_set_can_spawn_processes)")
			// get_or_spawn, when it has to spawn.
			name, n := putText(p, textAt, "_start")
			want(t, "get_or_spawn", call(processGetOrSpawn, p, name, n, 0, inherit, inherit, name, n, 0, 0, 24, outAt), failed)
			want(t, "its error", errorOf(p), "permission denied: spawn processes (config_set_can_spawn_processes)")
		})
		for _, one := range []string{"can_compile_modules", "can_create_configs", "can_spawn_processes"} {
			call(function(t, "config_set_"+one), p, c, 1)
		}
		fam.child(p, c, inherit, func(p *runner.Process) {
			want(t, "May", p.Config().May, runner.MayAll)
			want(t, "create_config", call(createConfig, p), 0)
			fam.child(p, inherit, inherit, func(*runner.Process) {})
		})
	}))
}

// A configuration is copied when a process is spawned with it.
func TestConfigIsCopied(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		c := call(createConfig, p)
		ptr, n := putText(p, textAt+100, "one")
		call(addCommandLineArgument, p, c, ptr, n)
		var first, second *runner.ProcessConfig
		fam.child(p, c, inherit, func(p *runner.Process) { first = p.Config() })
		fam.child(p, c, inherit, func(p *runner.Process) { second = p.Config() })
		if first != second {
			t.Error("an unchanged configuration was copied twice")
		}
		ptr, n = putText(p, textAt+100, "two")
		call(addCommandLineArgument, p, c, ptr, n)
		call(addEnvironmentVariable, p, c, ptr, n, ptr, n)
		call(dropConfigAfter(fam, c, &second), p)
		if got := strings.Join(first.Args, " ") + "; " + strings.Join(second.Args, " "); got != "one; one two" {
			t.Errorf("arguments: %s", got)
		}
		if len(first.Env) != 0 || !slices.Equal(second.Env, [][2]string{{"two", "two"}}) {
			t.Errorf("environments: %v, %v", first.Env, second.Env)
		}
	}))
}

// dropConfigAfter spawns a child with a configuration that is dropped while it runs.
func dropConfigAfter(fam *family, c uint64, cfg **runner.ProcessConfig) func(*runner.Process, []uint64) {
	return func(p *runner.Process, _ []uint64) {
		dropped, done := make(chan bool), make(chan bool)
		fam.children <- func(p *runner.Process) {
			await(p, dropped)
			*cfg = p.Config()
			close(done)
		}
		try(p, c, inherit)
		call(dropConfig, p, c)
		close(dropped)
		await(p, done)
	}
}

func TestConfigRules(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		c := call(createConfig, p)
		rule := func(name, text string) uint64 {
			ptr, n := putText(p, textAt, text)
			return call(function(t, name), p, c, ptr, n, outAt)
		}
		for _, x := range []struct{ name, rule, err string }{
			{"config_allow_connect", "10.0.0.0/8:80-443", ""},
			{"config_deny_connect", "10.1.0.0/16", ""},
			{"config_allow_connect", "example.com", ""},
			{"config_allow_listen", "[::1]:8080", ""},
			{"config_deny_listen", "*:22", ""},
			{"config_allow_resolve", "*.example.com", ""},
			{"config_deny_resolve", "x.example.com", ""},
			{"config_deny_connect", "example.com", "cannot deny connecting to a name"},
			{"config_allow_listen", "example.com", "cannot allow listening on a name"},
			{"config_deny_listen", "example.com", "cannot deny listening on a name"},
			{"config_allow_connect", "10.0.0.0/99", "no address, network or name"},
			{"config_allow_resolve", "a:b", "ports must be"},
		} {
			status := rule(x.name, x.rule)
			want(t, x.name+" "+x.rule, status, bit(x.err != ""))
			if status == failed && !strings.Contains(errorOf(p), x.err) {
				t.Errorf("%s %s: got %s", x.name, x.rule, errorOf(p))
			}
		}
		fam.child(p, c, inherit, func(p *runner.Process) {
			n := p.Config().Net
			for _, x := range []struct {
				got  []runner.Rule
				want string
			}{
				{n.Connect.Allow, "[10.0.0.0/8:80-443 example.com]"}, {n.Connect.Deny, "[10.1.0.0/16]"}, {n.Listen.Allow, "[[::1]:8080]"},
				{n.Listen.Deny, "[*:22]"}, {n.Resolve.Allow, "[*.example.com]"}, {n.Resolve.Deny, "[x.example.com]"},
			} {
				if got := strings.ReplaceAll(sprint(x.got), "  ", " "); got != x.want {
					t.Errorf("rules: got %s, want %s", got, x.want)
				}
			}
		})
	}))
}

func sprint(rules []runner.Rule) string {
	var s []string
	for _, r := range rules {
		s = append(s, r.String())
	}
	return "[" + strings.Join(s, " ") + "]"
}

func TestForbidNamespace(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		c := call(createConfig, p)
		call(function(t, "config_set_can_create_configs"), p, c, 1)
		call(function(t, "config_set_can_spawn_processes"), p, c, 1)
		forbid := function(t, "config_forbid_namespace")
		ptr, n := putText(p, textAt, "lunatic::networking")
		call(forbid, p, c, ptr, n)
		fam.child(p, c, inherit, func(p *runner.Process) { // which imports nothing of it
			c := call(createConfig, p)
			fam.child(p, c, inherit, func(p *runner.Process) {
				want(t, "inherited", strings.Join(p.Config().Forbid, " "), "lunatic::networking")
			})
		})
		ptr, n = putText(p, textAt, "test")
		call(forbid, p, c, ptr, n)
		fam.refused(p, c, inherit, "permission denied: import from test (the configuration forbids the namespace)")
		fam.child(p, inherit, inherit, func(*runner.Process) {})
	}))
}

// A child never gets more than its parent has.
func TestAttenuation(t *testing.T) {
	parent := runner.ProcessConfig{
		May: runner.MaySpawn | runner.MayConfigure, MaxMemory: 3 << 16, MaxFuel: 50, MaxMessages: 20, MaxMailbox: 1000,
		Forbid: []string{"a::b"},
	}
	f := func(name string) func(*runner.Process, []uint64) { return function(t, name) }
	for _, free := range []bool{false, true} {
		ends(t, inFamily(t, runner.Config{NoAttenuation: free}, parent, func(fam *family, p *runner.Process) {
			c := call(createConfig, p)
			for _, name := range []string{"can_compile_modules", "can_create_configs", "can_spawn_processes"} {
				call(f("config_set_"+name), p, c, 1)
			}
			for _, x := range []struct{ fuel, memory, messages, mailbox, wantFuel, wantMemory, wantMessages, wantMailbox uint64 }{
				{0, 1 << 20, 0, 0, 50, 3 << 16, 20, 1000},
				{100, 1 << 32, 100, 1 << 20, 50, 3 << 16, 20, 1000},
				{10, 2 << 16, 5, 500, 10, 2 << 16, 5, 500},
			} {
				call(f("config_set_max_fuel"), p, c, x.fuel)
				call(f("config_set_max_memory"), p, c, x.memory)
				call(f("config_set_max_messages"), p, c, x.messages)
				call(f("config_set_max_mailbox"), p, c, x.mailbox)
				fam.child(p, c, inherit, func(p *runner.Process) {
					got := p.Config()
					if free {
						want(t, "May", got.May, runner.MayAll)
						want(t, "MaxFuel", got.MaxFuel, x.fuel)
						want(t, "MaxMemory", got.MaxMemory, x.memory)
						want(t, "Forbid", len(got.Forbid), 0)
						return
					}
					want(t, "May", got.May, parent.May)
					want(t, "MaxFuel", got.MaxFuel, x.wantFuel)
					want(t, "MaxMemory", got.MaxMemory, x.wantMemory)
					want(t, "MaxMessages", uint64(got.MaxMessages), x.wantMessages)
					want(t, "MaxMailbox", uint64(got.MaxMailbox), x.wantMailbox)
					want(t, "Forbid", strings.Join(got.Forbid, " "), "a::b")
				})
			}
		}))
	}
}

func TestMaxMemory(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		c := call(createConfig, p)
		set := function(t, "config_set_max_memory")
		call(set, p, c, 3<<16)
		fam.child(p, c, inherit, func(p *runner.Process) {
			grow := func(n uint32) bool { _, ok := p.Instance().Memory().Grow(n); return ok }
			want(t, "beyond", grow(3), false)
			want(t, "up to the limit", grow(2), true)
			want(t, "one more", grow(1), false)
			want(t, "size", p.MemorySize(), 3<<16)
		})
		for _, limit := range []uint64{0, 1, 65535} {
			call(set, p, c, limit)
			fam.refused(p, c, inherit, "memory")
		}
		call(set, p, c, 65536)
		fam.child(p, c, inherit, func(*runner.Process) {})
	}))
}

func TestPreopenDir(t *testing.T) {
	base := t.TempDir()
	for _, dir := range []string{"data/sub", "data/only", "other", "home/sub"} {
		if err := os.MkdirAll(filepath.Join(base, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(base, name) }
	for name, target := range map[string]string{"data/out": "other", "data/in": "data/sub", "link": "data"} {
		if err := os.Symlink(at(target), at(name)); err != nil {
			t.Skip(err)
		}
	}
	if err := os.WriteFile(at("data/file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", at("home"))
	parent := runner.ProcessConfig{May: runner.MayAll, Dirs: []runner.Dir{
		{Host: at("link"), Guest: "/data"}, {Host: at("data/only"), Guest: "ro", ReadOnly: true}, {Host: at("home"), Guest: "/ro/home", ReadOnly: true},
	}}
	tests := []struct {
		dir      string
		host     string // or an error, after "!"
		readOnly bool
	}{
		{"/data", "data", false},
		{"data/", "data", false},
		{"/data/sub", "data/sub", false},
		{"/data/./sub/..", "data", false},
		{"/data/in", "data/sub", false},
		{"ro", "data/only", false}, // it lies in /data, too, which can be written
		{"/ro/home/sub", "home/sub", true},
		{"~", "home", true},
		{at("data/sub"), "data/sub", false}, // the host's name is as good
		{at("home"), "home", true},
		{"/data/out", "!permission denied: use the directory /data/out (it is in no directory of the parent's)", false},
		{"/data/../other", "!directory: stat", false},
		{at("other"), "!permission denied", false},
		{at("data") + "/../other", "!permission denied", false},
		{base, "!permission denied", false},
		{"/", "!permission denied", false},
		{"../../../../../../../../../../../etc", "!permission denied", false},
		{"/data/missing", "!no such file or directory", false},
		{"/data/file", "!is not one", false},
		{"", "!directory: stat", false},
	}
	ends(t, inFamily(t, runner.Config{}, parent, func(fam *family, p *runner.Process) {
		for _, x := range tests {
			c := call(createConfig, p)
			ptr, n := putText(p, moreAt, x.dir)
			call(preopenDir, p, c, ptr, n)
			if err, bad := strings.CutPrefix(x.host, "!"); bad {
				fam.refused(p, c, inherit, err)
				continue
			}
			fam.child(p, c, inherit, func(p *runner.Process) {
				real, err := filepath.EvalSymlinks(at(x.host))
				if err != nil {
					t.Fatal(err)
				}
				want(t, x.dir, p.Config().Dirs[0], runner.Dir{Host: real, Guest: x.dir, ReadOnly: x.readOnly})
			})
		}
	}))
	ends(t, inFamily(t, runner.Config{NoAttenuation: true}, root, func(fam *family, p *runner.Process) {
		c := call(createConfig, p)
		ptr, n := putText(p, moreAt, at("other"))
		call(preopenDir, p, c, ptr, n)
		fam.child(p, c, inherit, func(p *runner.Process) { want(t, "directories", len(p.Config().Dirs), 1) })
	}))
}

// Who hears of an end may spawn another process, also where no more were allowed.
func TestMaxProcesses(t *testing.T) {
	ends(t, inFamily(t, runner.Config{MaxProcesses: 3}, root, func(fam *family, p *runner.Process) {
		spawn := func() (id uint64, stop chan bool) {
			stop = make(chan bool, 1)
			started := make(chan bool, 1)
			fam.children <- func(p *runner.Process) {
				started <- true
				await(p, stop)
			}
			status, id := try(p, inherit, inherit)
			want(t, "spawn", status, ok)
			await(p, started) // else another child could take this one's part
			return id, stop
		}
		id, stop := spawn()
		_, stopLast := spawn()
		for range 50 {
			fam.refused(p, inherit, inherit, "too many processes: the environment has 3")
			call(monitor, p, id)
			stop <- true
			want(t, "the child's end", call(receive, p, 0, 0, 1<<64-1), 2)
			id, stop = spawn()
		}
		stop <- true
		stopLast <- true
	}))
}

// Permissions are errors that embedders can tell apart.
func TestPermissionError(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, runner.ProcessConfig{May: runner.MaySpawn}, func(fam *family, p *runner.Process) {
		if err := p.Permitted(runner.MaySpawn); err != nil {
			t.Error(err)
		}
		var denied *runner.PermissionError
		if err := p.Permitted(runner.MayCompile); !errors.As(err, &denied) || denied.Action != "compile modules" {
			t.Errorf("got %v", err)
		}
		// A host function of somebody else's is attenuated as well.
		_, err := p.Spawn(nil, &runner.ProcessConfig{Dirs: []runner.Dir{{Host: t.TempDir(), Guest: "/"}}}, "_start", nil, 0)
		if !errors.As(err, &denied) {
			t.Errorf("got %v", err)
		}
	}))
}
