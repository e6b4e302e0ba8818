package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// many runs a process for each f, all in one environment and at the same time, and fails
// if one does not end normally. The runtime is closed afterwards.
func many(t *testing.T, cfg runner.Config, f ...func(p *runner.Process)) {
	t.Helper()
	for _, e := range exits(t, cfg, f...) {
		ends(t, e)
	}
}

// exits is many for processes that may end otherwise. The process that runs f[i] has the id
// i+1; their children run the last f.
func exits(t *testing.T, cfg runner.Config, f ...func(p *runner.Process)) []runner.Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ready := make(chan struct{}) // so that no child takes the id of one of them
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
		<-ready
		f[min(p.ID(), uint64(len(f)))-1](p)
	}}}}
	cfg.Namespaces = append(All(), step)
	rt, err := runner.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rt.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	mod, err := rt.Load(ctx, guest)
	if err != nil {
		t.Fatal(err)
	}
	env := rt.NewEnvironment()
	var all []*runner.Process
	for range f {
		p, err := env.Spawn(mod, runner.ProcessConfig{May: runner.MayAll}, "_start")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	close(ready)
	var out []runner.Exit
	for _, p := range all {
		select {
		case <-p.Done():
			out = append(out, p.Exit())
		case <-ctx.Done():
			t.Fatalf("process %d does not end", p.ID())
		}
	}
	return out
}

// offered returns a host function by its name.
func offered(t *testing.T, namespace, name string) func(*runner.Process, []uint64) {
	t.Helper()
	for _, ns := range All() {
		for _, f := range ns.Funcs {
			if ns.Name == namespace && f.Name == name {
				return f.Call
			}
		}
	}
	t.Fatalf("there is no %s.%s", namespace, name)
	return nil
}

// text puts s at ptr and returns ptr and the length.
func text(p *runner.Process, ptr uint64, s string) (uint64, uint64) {
	copy(p.Bytes("", ptr, uint64(len(s))), s)
	return ptr, uint64(len(s))
}

func wordAt(p *runner.Process, ptr uint64) uint64 {
	return binary.LittleEndian.Uint64(p.Bytes("", ptr, 8))
}

func putName(p *runner.Process, name string, node, id uint64) {
	ptr, n := text(p, 1000, name)
	call(registryPut, p, ptr, n, node, id)
}

// getName returns the status, and the pid if it is 0.
func getName(p *runner.Process, name string) (status uint64, pid runner.Pid) {
	p.PutU64("", 500, 77)
	p.PutU64("", 508, 88)
	ptr, n := text(p, 1000, name)
	status = call(registryGet, p, ptr, n, 500, 508)
	if status != 0 {
		if wordAt(p, 500) != 77 || wordAt(p, 508) != 88 {
			status = 999 // something was written
		}
		return status, pid
	}
	return status, runner.Pid{Node: wordAt(p, 500), ID: wordAt(p, 508)}
}

func removeName(p *runner.Process, name string) {
	ptr, n := text(p, 1000, name)
	call(registryRemove, p, ptr, n)
}

func TestRegistry(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		lookup := func(what, name string, wantStatus uint64, wantPid runner.Pid) {
			t.Helper()
			status, pid := getName(p, name)
			want(t, what, status, wantStatus)
			want(t, what, pid, wantPid)
		}
		self := runner.Pid{ID: p.ID()}
		lookup("nothing yet", "a", 1, runner.Pid{})
		removeName(p, "a")
		putName(p, "a", 0, p.ID())
		putName(p, "", 0, p.ID())
		putName(p, "größe", 0, p.ID())
		lookup("put", "a", 0, self)
		lookup("the empty name", "", 0, self)
		lookup("not ASCII", "größe", 0, self)
		lookup("another name", "A", 1, runner.Pid{})
		if got := p.Environment().Names(p.ID()); !slices.Equal(got, []string{"", "a", "größe"}) {
			t.Errorf("names: %q", got)
		}
		putName(p, "a", 9, 1234) // of another node: nobody knows whether it is alive
		lookup("the last one wins", "a", 0, runner.Pid{Node: 9, ID: 1234})
		putName(p, "a", 0, 999)
		lookup("a process that is not alive", "a", 1, runner.Pid{})
		putName(p, "b", 0, p.ID())
		removeName(p, "b")
		lookup("removed", "b", 1, runner.Pid{})
		removeName(p, "b")
		if got := p.Environment().Names(p.ID()); !slices.Equal(got, []string{"", "größe"}) {
			t.Errorf("names: %q", got)
		}
		long := strings.Repeat("n", runner.MaxName)
		putName(p, long, 0, p.ID())
		lookup("the longest name", long, 0, self)
	}))
}

func TestRegistryMisuse(t *testing.T) {
	tests := []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"put outside", func(p *runner.Process) { call(registryPut, p, 65530, 7, 0, 1) }, "name_str: 7 bytes"},
		{"put bad text", func(p *runner.Process) { putName(p, "\xff", 0, 1) }, "name_str: invalid UTF-8"},
		{"put a long name", func(p *runner.Process) { putName(p, strings.Repeat("n", runner.MaxName+1), 0, 1) }, "name is too long: 4097 bytes"},
		{"get outside", func(p *runner.Process) { call(registryGet, p, 1<<32-1, 2, 0, 8) }, "name_str: 2 bytes"},
		{"get node outside", func(p *runner.Process) { call(registryGet, p, 0, 0, 65529, 8) }, "node_id_ptr: 8 bytes"},
		{"get process outside", func(p *runner.Process) { call(registryGet, p, 0, 0, 8, 65529) }, "process_id_ptr: 8 bytes"},
		{"remove outside", func(p *runner.Process) { call(registryRemove, p, 0, 65537) }, "name_str: 65537 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { misused(t, in(t, tt.f), tt.want) })
	}
}

// misused checks that a process has ended with a HostError of a certain text.
func misused(t *testing.T, e runner.Exit, want string) {
	t.Helper()
	var misuse *runner.HostError
	if !errors.As(e.Err, &misuse) || !strings.Contains(e.Err.Error(), want) {
		t.Errorf("got %v, want %q", e.Err, want)
	}
}

// A name is free as soon as its process has ended, and the end tells the names.
func TestNamesVanish(t *testing.T) {
	var failed atomic.Pointer[runner.Exit]
	cfg := runner.Config{OnFailure: func(p *runner.Process, e runner.Exit) { failed.Store(&e) }}
	all := exits(t, cfg, func(p *runner.Process) {
		call(monitor, p, 2)
		want(t, "receive", call(receive, p, 0, 0, 1<<64-1), 2)
		for _, name := range []string{"two", "zwei", "deux"} {
			status, _ := getName(p, name)
			want(t, name, status, 1)
		}
	}, func(p *runner.Process) {
		for _, name := range []string{"two", "zwei", "deux", "wrong"} {
			putName(p, name, 0, p.ID())
		}
		removeName(p, "wrong")
		p.Fail("", "on purpose")
	})
	ends(t, all[0])
	if e := failed.Load(); e == nil || !slices.Equal(e.Names, []string{"deux", "two", "zwei"}) {
		t.Errorf("names in OnFailure: %+v", e)
	}
	if !slices.Equal(all[1].Names, []string{"deux", "two", "zwei"}) {
		t.Errorf("names: %q", all[1].Names)
	}
}

// While processes end, others put their names: none stays, and get never answers with one
// whose end was told before.
func TestPutRacesWithEnd(t *testing.T) {
	const n = 200
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: append(All(), runner.Namespace{Name: "test", Funcs: []runner.Func{
		{Name: "step", Type: "-> i64", Call: func(*runner.Process, []uint64) {}},
	}})})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, guest)
	if err != nil {
		t.Fatal(err)
	}
	env := rt.NewEnvironment()
	var wg sync.WaitGroup
	for i := range n {
		p, err := env.Spawn(mod, runner.ProcessConfig{}, "_start")
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for j := 0; env.Exists(p.ID()) || j < 3; j++ {
				if err := env.Register(fmt.Sprint("name", i%7, j%3), runner.Pid{ID: p.ID()}); err != nil {
					t.Error(err)
				}
			}
			<-p.Done()
		})
		wg.Go(func() {
			<-p.Done()
			for j := range 3 {
				if pid, ok := env.Whereis(fmt.Sprint("name", i%7, j)); ok && pid.ID == p.ID() {
					t.Errorf("process %d is found after its end", pid.ID)
				}
			}
		})
	}
	wg.Wait()
	if c := rt.Census(); c.Names != 0 {
		t.Errorf("%d names are left", c.Names)
	}
}

// getOrSpawn1 calls get_or_spawn for _start of the test's own module.
func getOrSpawn1(p *runner.Process, name, entry string) (status uint64, pid runner.Pid) {
	ptr, n := text(p, 1000, name)
	fptr, fn := text(p, 1200, entry)
	status = call(processGetOrSpawn, p, ptr, n, 0, inherit, inherit, fptr, fn, 0, 0, 500, 508)
	return status, runner.Pid{Node: wordAt(p, 500), ID: wordAt(p, 508)}
}

func TestGetOrSpawn(t *testing.T) {
	var child atomic.Uint64
	many(t, runner.Config{}, func(p *runner.Process) {
		if p.ID() > 1 { // the child finds itself from its first instruction on
			child.Store(p.ID())
			status, pid := getName(p, "service")
			want(t, "status within the child", status, 0)
			want(t, "pid within the child", pid.ID, p.ID())
			call(sleep, p, 1<<64-1)
			return
		}
		status, pid := getOrSpawn1(p, "service", "_start")
		want(t, "status", status, 0)
		want(t, "node", pid.Node, 0)
		again, other := getOrSpawn1(p, "service", "_start")
		want(t, "status of the second", again, 2)
		want(t, "pid of the second", other, pid)
		_, found := getName(p, "service")
		want(t, "registered", found, pid)
		putName(p, "elsewhere", 7, 3)
		status, pid = getOrSpawn1(p, "elsewhere", "no such function") // is not asked for
		want(t, "status of a name of another node", status, 2)
		want(t, "pid of a name of another node", pid, runner.Pid{Node: 7, ID: 3})
		for child.Load() == 0 { // killed before its first slice it would never say
			call(sleep, p, 1)
		}
		call(monitor, p, found.ID)
		call(kill, p, found.ID)
		want(t, "receive", call(receive, p, 0, 0, 1<<64-1), 2)
		status, pid = getOrSpawn1(p, "service", "_start")
		want(t, "status after the end", status, 0)
		if pid == found {
			t.Error("a process that has ended was returned")
		}
	})
	if child.Load() == 0 {
		t.Error("no child has run")
	}
}

// Of many that ask for a name at the same time one spawns, and all get the same process.
func TestGetOrSpawnRace(t *testing.T) {
	const n = 60
	for _, stress := range []runner.Stress{0, runner.StressAll} {
		var children, spawned atomic.Int64
		var ids sync.Map
		f := func(p *runner.Process) {
			if p.ID() > n {
				children.Add(1)
				call(sleep, p, 1<<64-1)
				return
			}
			status, pid := getOrSpawn1(p, "one", "_start")
			ids.Store(pid.ID, true)
			if status == 0 {
				spawned.Add(1)
			} else {
				want(t, "status", status, 2)
			}
		}
		many(t, runner.Config{Stress: stress}, slices.Repeat([]func(*runner.Process){f}, n)...)
		count := 0
		ids.Range(func(any, any) bool { count++; return true })
		want(t, "processes returned", count, 1)
		want(t, "spawned", spawned.Load(), 1)
		if children.Load() > 1 {
			t.Errorf("%d children", children.Load())
		}
	}
}

// A spawn that fails leaves the name free: the next one tries again.
func TestGetOrSpawnFails(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		config := call(createConfig, p)
		call(offered(t, "lunatic::process", "config_set_max_memory"), p, config, 1) // less than the module needs
		ptr, n := text(p, 1000, "name")
		fptr, fn := text(p, 1200, "_start")
		status := call(processGetOrSpawn, p, ptr, n, 0, config, inherit, fptr, fn, 0, 0, 500, 508)
		want(t, "status", status, 1)
		want(t, "node", wordAt(p, 500), 0)
		if err, ok := runner.Errors.Lookup(p, wordAt(p, 508)); !ok || err == nil {
			t.Error("no error")
		}
		status, _ = getName(p, "name")
		want(t, "get", status, 1)
		want(t, "names", p.Runtime().Census().Names, 0)
	}))
	for _, tt := range []struct {
		name string
		args []uint64
		want string
	}{
		{"name outside", []uint64{65536, 1, 0, inherit, inherit, 0, 0, 0, 0, 500, 508}, "name_str: 1 bytes"},
		{"name too long", []uint64{0, runner.MaxName + 1, 0, inherit, inherit, 0, 0, 0, 0, 500, 508}, "name is too long"},
		{"node outside", []uint64{0, 0, 0, inherit, inherit, 0, 0, 0, 0, 65530, 508}, "node_id_ptr: 8 bytes"},
		{"id outside", []uint64{0, 0, 0, inherit, inherit, 0, 0, 0, 0, 500, 65530}, "id_ptr: 8 bytes"},
		{"function outside", []uint64{0, 0, 0, inherit, inherit, 65530, 9, 0, 0, 500, 508}, "func_str: 9 bytes"},
		{"half a parameter", []uint64{0, 0, 0, inherit, inherit, 0, 0, 0, 16, 500, 508}, "no multiple of 17"},
		{"unknown configuration", []uint64{0, 0, 0, 5, inherit, 0, 0, 0, 0, 500, 508}, "config_id"},
		{"unknown module", []uint64{0, 0, 0, inherit, 5, 0, 0, 0, 0, 500, 508}, "module_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := exits(t, runner.Config{}, func(p *runner.Process) {
				call(processGetOrSpawn, p, tt.args...)
			}, func(p *runner.Process) { // it must not wait for the one that has trapped
				call(monitor, p, 1)
				call(receive, p, 0, 0, 1<<64-1)
				if status, _ := getName(p, ""); status != 1 {
					t.Errorf("get: status %d", status)
				}
				want(t, "claims", p.Runtime().Census().Names, 0)
			})
			misused(t, all[0], tt.want)
			ends(t, all[1])
		})
	}
}
