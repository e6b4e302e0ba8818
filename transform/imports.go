package transform

import (
	"strings"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// DefaultSuspendImports are the imported functions that can block, of the Lunatic ABI
// and of WASI preview 1. What a host answers at once (clocks, random numbers, writing)
// is not among them: every function above such a call would pay for it.
var DefaultSuspendImports = []string{
	"lunatic::process.compile_module",
	"lunatic::process.spawn",
	"lunatic::process.get_or_spawn",
	"lunatic::process.sleep_ms",
	"lunatic::message.receive",
	"lunatic::message.receive_data",
	"lunatic::message.receive_read",
	"lunatic::message.request_data",
	"lunatic::message.send_receive_skip_search",
	"lunatic::networking.resolve",
	"lunatic::networking.tcp_accept",
	"lunatic::networking.tcp_connect",
	"lunatic::networking.tcp_write_vectored",
	"lunatic::networking.tcp_read",
	"lunatic::networking.tcp_peek",
	"lunatic::networking.tcp_flush",
	"lunatic::networking.tls_accept",
	"lunatic::networking.tls_connect",
	"lunatic::networking.tls_write_vectored",
	"lunatic::networking.tls_read",
	"lunatic::networking.tls_flush",
	"lunatic::networking.udp_receive",
	"lunatic::networking.udp_receive_from",
	"lunatic::networking.udp_connect",
	"lunatic::networking.udp_send",
	"lunatic::networking.udp_send_to",
	"lunatic::trap.catch",
	"lunatic::distributed.spawn",
	"lunatic::distributed.send_receive_skip_search",
	"lunatic::distributed.exec_lookup_nodes",
	"wasi_snapshot_preview1.poll_oneoff",
	"wasi_snapshot_preview1.fd_read",
	"wasi_snapshot_preview1.sched_yield",
	"wasi_snapshot_preview1.sock_accept",
	"wasi_snapshot_preview1.sock_recv",
	"wasi_snapshot_preview1.sock_send",
}

// match reports whether name fits a pattern in which * stands for any characters.
func match(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(part):], next
	}
}

// seeds says which of the imported functions may suspend. One that returns a reference
// cannot: there is no place for the host to put it.
func seeds(m *wasmparse.Module, opts *Options) []bool {
	is := make([]bool, m.ImportedFuncs)
	if opts.NoSuspend {
		return is
	}
	n := 0
	for i := range m.Imports {
		im := &m.Imports[i]
		if im.Kind != wasmparse.KindFunc {
			continue
		}
		for _, p := range opts.suspendImports() {
			is[n] = is[n] || match(p, im.Module+"."+im.Name)
		}
		for _, t := range m.TypeAt(im.Type).Results {
			is[n] = is[n] && !t.IsRef()
		}
		n++
	}
	return is
}

func (o *Options) suspendImports() []string {
	if o.SuspendImports == nil {
		return DefaultSuspendImports
	}
	return o.SuspendImports
}
