package modules

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// TestActors runs the untouched actors under a model of the host functions it imports:
// one goroutine for each process, one lock for everything. It shows that actors.out,
// which was written from the description of the functions, is what the program prints.
func TestActors(t *testing.T) {
	i := slices.IndexFunc(All, func(m Module) bool { return m.Name == "actors" })
	wasm := All[i].Wasm()
	if *dir != "" {
		var err error
		if wasm, err = os.ReadFile(filepath.Join(*dir, All[i].File)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w := &world{procs: map[uint64]*process{}, runtime: wazero.NewRuntime(ctx)}
	w.changed.L = &w.mu
	defer w.runtime.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, w.runtime)
	w.define(ctx, t)
	var err error
	if w.module, err = w.runtime.CompileModule(ctx, wasm); err != nil {
		t.Fatal(err)
	}
	root, err := w.spawn(ctx)
	if err == nil {
		err = w.run(root, "_start", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.stdout.Bytes(), All[i].Want(); !bytes.Equal(got, want) {
		t.Errorf("standard output:\n got: %s\nwant: %s", got, want)
	}
	w.mu.Lock()
	for _, p := range w.procs {
		p.killed = true
	}
	w.changed.Broadcast()
	w.mu.Unlock()
	w.wait.Wait()
}

type world struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	stdout  bytes.Buffer // only the first process writes
	wait    sync.WaitGroup

	mu      sync.Mutex
	changed sync.Cond // some mailbox, deadline or kill
	procs   map[uint64]*process
	last    uint64 // process id
}

// Kinds of messages, as receive returns them.
const (
	kindData        = 0
	kindLinkDied    = 1
	kindProcessDied = 2
	timedOut        = 9027
)

type message struct {
	kind uint32
	tag  int64
	data []byte
	pos  uint64
	pid  uint64
}

type process struct {
	id       uint64
	ctx      context.Context
	instance api.Module
	mailbox  []*message
	scratch  *message
	links    map[uint64]int64 // process -> tag
	monitors map[uint64]bool
	trapExit bool
	killed   bool
}

var errKilled = errors.New("killed")

type processKey struct{}

func (w *world) spawn(ctx context.Context) (*process, error) {
	w.mu.Lock()
	w.last++
	p := &process{id: w.last, links: map[uint64]int64{}, monitors: map[uint64]bool{}}
	w.mu.Unlock()
	p.ctx = context.WithValue(ctx, processKey{}, p)
	var err error
	p.instance, err = w.runtime.InstantiateModule(p.ctx, w.module, wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStdout(&w.stdout))
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.procs[p.id] = p
	return p, nil
}

func (w *world) run(p *process, entry string, params []uint64) error {
	_, err := p.instance.ExportedFunction(entry).Call(p.ctx, params...)
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.procs, p.id)
	for id, tag := range p.links {
		peer := w.procs[id]
		if peer == nil {
			continue
		}
		delete(peer.links, p.id)
		if err == nil {
			continue
		}
		if peer.trapExit {
			peer.mailbox = append(peer.mailbox, &message{kind: kindLinkDied, tag: tag})
		} else {
			peer.killed = true
		}
	}
	for id := range maps.Keys(p.monitors) {
		if peer := w.procs[id]; peer != nil {
			peer.mailbox = append(peer.mailbox, &message{kind: kindProcessDied, pid: p.id})
		}
	}
	w.changed.Broadcast()
	return err
}

// await blocks p until take finds what it looks for, reports whether it did in time.
// The lock is held.
func (w *world) await(p *process, ms uint64, take func() bool) bool {
	expired := false
	if ms != 1<<64-1 {
		timer := time.AfterFunc(time.Duration(ms)*time.Millisecond, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			expired = true
			w.changed.Broadcast()
		})
		defer timer.Stop()
	}
	for {
		if p.killed {
			panic(errKilled)
		}
		if take() {
			return true
		}
		if expired || ms == 0 {
			return false
		}
		w.changed.Wait()
	}
}

// receive takes the oldest message from place from on that matches.
func (w *world) receive(p *process, from int, match func(*message) bool, ms uint64) uint32 {
	if !w.await(p, ms, func() bool {
		for i := from; i < len(p.mailbox); i++ {
			if m := p.mailbox[i]; match(m) {
				p.scratch = m
				p.mailbox = slices.Delete(p.mailbox, i, i+1)
				return true
			}
		}
		return false
	}) {
		return timedOut
	}
	return p.scratch.kind
}

func (w *world) send(p *process, to uint64) {
	if peer := w.procs[to]; peer != nil {
		peer.mailbox = append(peer.mailbox, p.scratch)
		w.changed.Broadcast()
	}
	p.scratch = nil
}

func window(m api.Module, ptr, n uint32) []byte {
	b, ok := m.Memory().Read(ptr, n)
	if !ok {
		panic("out of bounds")
	}
	return b
}

// define supplies the host functions. Each runs under the lock.
func (w *world) define(ctx context.Context, t *testing.T) {
	enter := func(ctx context.Context) (*process, func()) {
		w.mu.Lock()
		p := ctx.Value(processKey{}).(*process)
		if p.killed {
			w.mu.Unlock()
			panic(errKilled)
		}
		return p, w.mu.Unlock
	}
	functions := map[string]map[string]any{
		"lunatic::process": {
			"spawn": func(ctx context.Context, m api.Module, link, config, module int64, fptr, flen, pptr, plen, idptr uint32) uint32 {
				name := string(window(m, fptr, flen))
				var params []uint64
				for r := range slices.Chunk(window(m, pptr, plen), 17) {
					params = append(params, binary.LittleEndian.Uint64(r[1:]))
				}
				child, err := w.spawn(context.WithoutCancel(ctx))
				if err != nil {
					panic(err)
				}
				p, leave := enter(ctx)
				defer leave()
				if link != 0 {
					p.links[child.id], child.links[p.id] = 0, link // by the one that dies: the tag the other sees
				}
				binary.LittleEndian.PutUint64(window(m, idptr, 8), child.id)
				w.wait.Go(func() { w.run(child, name, params) })
				return 0
			},
			"sleep_ms": func(ctx context.Context, ms uint64) {
				p, leave := enter(ctx)
				defer leave()
				w.await(p, ms, func() bool { return false })
			},
			"process_id": func(ctx context.Context) uint64 {
				p, leave := enter(ctx)
				defer leave()
				return p.id
			},
			"die_when_link_dies": func(ctx context.Context, die uint32) {
				p, leave := enter(ctx)
				defer leave()
				p.trapExit = die == 0
			},
			"monitor": func(ctx context.Context, id uint64) {
				p, leave := enter(ctx)
				defer leave()
				if peer := w.procs[id]; peer != nil {
					peer.monitors[p.id] = true
				}
			},
			"kill": func(ctx context.Context, id uint64) {
				_, leave := enter(ctx)
				defer leave()
				if peer := w.procs[id]; peer != nil {
					peer.killed = true
					w.changed.Broadcast()
				}
			},
			"exists": func(ctx context.Context, id uint64) uint32 {
				_, leave := enter(ctx)
				defer leave()
				if w.procs[id] != nil {
					return 1
				}
				return 0
			},
		},
		"lunatic::message": {
			"create_data": func(ctx context.Context, tag int64, capacity uint64) {
				p, leave := enter(ctx)
				defer leave()
				p.scratch = &message{tag: tag}
			},
			"write_data": func(ctx context.Context, m api.Module, ptr, n uint32) uint32 {
				p, leave := enter(ctx)
				defer leave()
				p.scratch.data = append(p.scratch.data, window(m, ptr, n)...)
				return n
			},
			"read_data": func(ctx context.Context, m api.Module, ptr, n uint32) uint32 {
				p, leave := enter(ctx)
				defer leave()
				read := copy(window(m, ptr, n), p.scratch.data[p.scratch.pos:])
				p.scratch.pos += uint64(read)
				return uint32(read)
			},
			"seek_data": func(ctx context.Context, at uint64) {
				p, leave := enter(ctx)
				defer leave()
				p.scratch.pos = at
			},
			"data_size": func(ctx context.Context) uint64 {
				p, leave := enter(ctx)
				defer leave()
				return uint64(len(p.scratch.data))
			},
			"get_tag": func(ctx context.Context) int64 {
				p, leave := enter(ctx)
				defer leave()
				return p.scratch.tag
			},
			"get_process_id": func(ctx context.Context) uint64 {
				p, leave := enter(ctx)
				defer leave()
				return p.scratch.pid
			},
			"send": func(ctx context.Context, to uint64) uint32 {
				p, leave := enter(ctx)
				defer leave()
				w.send(p, to)
				return 0
			},
			"receive": func(ctx context.Context, m api.Module, ptr, n uint32, ms uint64) uint32 {
				p, leave := enter(ctx)
				defer leave()
				var tags []int64
				for b := range slices.Chunk(window(m, ptr, n*8), 8) {
					tags = append(tags, int64(binary.LittleEndian.Uint64(b)))
				}
				return w.receive(p, 0, func(m *message) bool { return n == 0 || m.tag != 0 && slices.Contains(tags, m.tag) }, ms)
			},
			"send_receive_skip_search": func(ctx context.Context, to uint64, tag int64, ms uint64) uint32 {
				p, leave := enter(ctx)
				defer leave()
				queued := len(p.mailbox)
				w.send(p, to)
				return w.receive(p, queued, func(m *message) bool { return tag != 0 && m.tag == tag }, ms)
			},
		},
	}
	for module, fs := range functions {
		b := w.runtime.NewHostModuleBuilder(module)
		for name, f := range fs {
			b.NewFunctionBuilder().WithFunc(f).Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
