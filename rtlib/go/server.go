package lunatic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// A Server handles one message after another. A is the type of its argument, Q that of
// calls, R that of their answers, C that of casts. A new value is made for each process.
//
// A handler that returns nil goes on. [ErrStop] stops the server normally, any other error stops it
// as failed. A Server may also be an [InfoHandler] and a [Terminator].
type Server[A, Q, R, C any] interface {
	// Init makes the state. An error refuses to start: who starts the server gets its text.
	Init(arg A) error
	// HandleCall answers with from.Reply, now or later. Another process may reply, too.
	HandleCall(request Q, from ReplyTo[R]) error
	HandleCast(request C) error
}

// An InfoHandler is a server that wants everything else that arrives, too. Without it that is
// dropped.
type InfoHandler interface {
	HandleInfo(Info) error
}

// A Terminator is told why the server stops: nil if a handler returned [ErrStop],
// [ErrShutdown] after a shutdown message, otherwise the handler's error. It is not called after
// a panic or a kill.
type Terminator interface {
	Terminate(reason error)
}

// ErrStop is what a handler returns to stop its server normally.
var ErrStop = errors.New("lunatic: the server stops")

// An Info is a message that is no call and no cast: another one, or the end of a process.
type Info struct {
	Tag   Tag
	Ended *EndedError // nil for messages
	Data  []byte
}

// DecodeInfo returns the message in an Info. One that holds sockets has to be decoded before the
// handler sends or receives anything.
func DecodeInfo[M any](i Info) (M, error) { return decode[M](i.Data) }

// A ServerRole is a server that was registered.
type ServerRole[A, Q, R, C any] struct{ name string }

// RegisterServer is [Register] for a server.
func RegisterServer[A, Q, R, C any](name string, newServer func() Server[A, Q, R, C]) ServerRole[A, Q, R, C] {
	register(name, starting(func(arg A) (func() error, error) {
		s := newServer()
		return func() error { return serverLoop(s) }, s.Init(arg)
	}))
	return ServerRole[A, Q, R, C]{name}
}

// A Ref is a handle of a server. It can be compared, and sent in messages.
type Ref[Q, R, C any] struct{ ID }

// Start starts a server and waits until its Init has returned. The error is an [*InitError]
// if that has refused, an [*EndedError] if the process has ended before, or that of the context:
// then the process is killed.
func (r ServerRole[A, Q, R, C]) Start(ctx context.Context, arg A, options ...SpawnOption) (Ref[Q, R, C], error) {
	e := &encoder{}
	if err := e.value(valueOf(&arg), 0); err != nil {
		return Ref[Q, R, C]{}, err
	}
	m, err := startEncoded(ctx, r.name, e, options)
	if err != nil {
		return Ref[Q, R, C]{}, err
	}
	m.stop()
	return Ref[Q, R, C]{m.id}, nil
}

// WhereisServer returns the server that has a name. Nobody checks the types.
func WhereisServer[Q, R, C any](name string) (Ref[Q, R, C], bool) {
	p, ok := Whereis[None](name)
	return Ref[Q, R, C](p), ok
}

// Call sends a request and waits for the answer. The error is an [*EndedError] if the server
// ends before it answers, or that of the context.
func (s Ref[Q, R, C]) Call(ctx context.Context, request Q) (R, error) {
	return ask[R](ctx, s.ID, func(tag Tag) error {
		e, err := encode(request)
		if err == nil {
			e.b = append(callHead(Self(), tag), e.b...)
			e.send(s.ID, tagCall)
		}
		return err
	})
}

// Cast sends a request and does not wait. A server that is not there loses it.
func (s Ref[Q, R, C]) Cast(request C) { Process[C](s).SendTag(tagCast, request) }

// headSize is the length of what stands before a call's request.
const headSize = 16

func callHead(caller ID, tag Tag) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(caller)), uint64(tag))
}

func decodeCall[Q, R any](b []byte) (from ReplyTo[R], request Q, err error) {
	if len(b) < headSize {
		return from, request, badValue("a call has no head")
	}
	from = ReplyTo[R]{ID(binary.LittleEndian.Uint64(b)), Tag(binary.LittleEndian.Uint64(b[8:]))}
	request, err = decode[Q](b[headSize:])
	return from, request, err
}

// An InitError is why a server has refused to start.
type InitError struct{ Text string }

func (e *InitError) Error() string { return e.Text }

// startEncoded starts a server and returns it with a monitor.
func startEncoded(ctx context.Context, name string, arg *encoder, options []SpawnOption) (m watched, err error) {
	gate, tag := newTag(), newTag()
	s, err := newSpawning(append(options[:len(options):len(options)], gated(gate)))
	if err != nil {
		return m, err
	}
	e := s.head(name)
	e.replyTo(tag)
	e.b, e.carried = append(e.b, arg.b...), arg.carried
	id, err := s.run(e)
	if err != nil {
		return m, err
	}
	m = watch(id) // before it can end
	sysSendData(uint64(id), int64(gate), nil, 0)
	var answer []byte
	ended, err := m.wait(ctx, tag, func(x *incoming) error {
		answer = x.data
		return nil
	})
	switch {
	case ended != nil:
		return m, ended
	case err != nil: // the context's
		id.Kill()
		m.end(context.Background())
		forget(tag)
		return m, err
	case len(answer) > 0:
		m.end(context.Background())
		return m, &InitError{string(answer)}
	}
	return m, nil
}

// starting is the other side of startEncoded: a role that tells whether it has started. init
// returns its loop.
func starting[A any](init func(A) (loop func() error, err error)) role {
	return func(d *decoder) (func() error, error) {
		starter, err := argument[ReplyTo[string]](d)
		if err != nil {
			return nil, err
		}
		arg, err := argument[A](d)
		if err != nil {
			return nil, err
		}
		return func() error {
			loop, err := init(arg)
			if err != nil {
				starter.Reply(max(err.Error(), " ")) // no text would be success
				return nil
			}
			starter.Reply("")
			return loop()
		}, nil
	}
}

// stopped is the end of a server's loop.
func stopped(s any, reason error) error {
	if errors.Is(reason, ErrStop) {
		reason = nil
	}
	if t, ok := s.(Terminator); ok {
		t.Terminate(reason)
	}
	return reason
}

func serverLoop[A, Q, R, C any](s Server[A, Q, R, C]) error {
	for {
		var handle func() error
		w := waiter{take: func(x *incoming) { handle = handler(s, x) }}
		if err := w.wait(context.Background()); err != nil {
			return err
		}
		if err := handle(); err != nil {
			return stopped(s, err)
		}
	}
}

// handler decodes a message, while it is in the scratch slot, and returns what handles it.
func handler[A, Q, R, C any](s Server[A, Q, R, C], x *incoming) func() error {
	switch {
	case x.kind != kindData:
		return info(s, Info{Tag: x.tag, Ended: &EndedError{x.id, x.tag, x.reason}})
	case x.tag == tagShutdown:
		return func() error { return ErrShutdown }
	case x.tag == tagCall:
		from, request, err := decodeCall[Q, R](x.data)
		if err != nil {
			return ignore(err)
		}
		return func() error { return s.HandleCall(request, from) }
	case x.tag == tagCast:
		request, err := decode[C](x.data)
		if err != nil {
			return ignore(err)
		}
		return func() error { return s.HandleCast(request) }
	}
	return info(s, Info{Tag: x.tag, Data: x.data})
}

// ignore reports a request that is none: anybody can send one.
func ignore(err error) func() error {
	return func() error {
		fmt.Fprintln(os.Stderr, err)
		return nil
	}
}

func info(s any, i Info) func() error {
	return func() error {
		if h, ok := s.(InfoHandler); ok {
			return h.HandleInfo(i)
		}
		return nil
	}
}
