package host

import (
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// Without the poller, goroutines wait.
func TestWaitByGoroutine(t *testing.T) {
	noLeaks(t, func() {
		w := newWorld(t)
		streams := make(chan *tcpStream, 2)
		handedOver, full := make(chan bool), make(chan bool)
		reader := w.spawn(func(p *runner.Process) {
			a, b := pair(t, p)
			for _, id := range []uint64{a, b} {
				s := tcpStreams.Get(p, "", id)
				s.duplex.(*raw).closed = true // for poll, which says no then
				s.share()
				streams <- s
			}
			<-handedOver
			wantRead(t, p, "tcp_read", b, 5, "first")
			wait(p, full)
			for n := 0; n < 1<<20; n += int(out(p, 0)) {
				want(t, "read", netcall(p, "tcp_read", b, atBuf, 32768, atOut), 0)
			}
		})
		x, y := <-streams, <-streams
		close(handedOver)
		eventually(t, "a reader", func() bool { return queued(&y.in) == 1 })
		writer := w.spawn(func(p *runner.Process) {
			x.share()
			a := tcpStreams.Add(p, x)
			want(t, "write", write(p, "tcp_write_vectored", a, "first"), 0)
			netcall(p, "set_write_timeout", a, 20)
			for write(p, "tcp_write_vectored", a, string(make([]byte, 8000))) == ok {
			}
			close(full)
			netcall(p, "set_write_timeout", a, noTimeout)
			for n := 0; n < 1<<20; n += int(out(p, 0)) {
				if write(p, "tcp_write_vectored", a, string(make([]byte, 8000))) != ok {
					break // the reader has had enough
				}
			}
		})
		ends(t, w.end(reader))
		y.Close() // the reader's side is gone
		ends(t, w.end(writer))
		x.Close()
		w.rt.Close(t.Context())
	})
}
