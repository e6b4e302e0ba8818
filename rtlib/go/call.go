package lunatic

import "context"

// A ReplyTo says where an answer of the type R goes to. It is sent in a request: see [Ask].
type ReplyTo[R any] struct {
	ID  ID
	Tag Tag
}

// Reply sends the answer, which can be done once.
func (r ReplyTo[R]) Reply(answer R) { Process[R]{r.ID}.SendTag(r.Tag, answer) }

// replyTo encodes a ReplyTo of this process.
func (e *encoder) replyTo(tag Tag) {
	if err := e.value(valueOf(&ReplyTo[None]{Self(), tag}), 0); err != nil {
		panic(err) // it is two numbers
	}
}

// Ask sends a request and waits for the answer. request makes the message, which has to hold
// the ReplyTo. The error is an [*EndedError] if the process ends before it answers, or that of
// the context.
func Ask[R, M any](ctx context.Context, p Process[M], request func(ReplyTo[R]) M) (R, error) {
	return ask[R](ctx, p.ID, func(tag Tag) error {
		e, err := encode(request(ReplyTo[R]{Self(), tag}))
		if err == nil {
			e.send(p.ID, 0)
		}
		return err
	})
}

// ask waits for an answer with the tag that send puts into the request.
func ask[R any](ctx context.Context, id ID, send func(tag Tag) error) (answer R, err error) {
	tag := newTag()
	m := watch(id)
	defer m.stop()
	if err := send(tag); err != nil {
		return answer, err
	}
	ended, err := m.wait(ctx, tag, func(x *incoming) error {
		answer, err = decodeIncoming[R](x)
		return err
	})
	if ended != nil {
		err = ended
	}
	return answer, err
}

// A watched is a process with a monitor of this package.
type watched struct {
	id  ID
	tag Tag
}

func watch(id ID) watched { return watched{id, Monitor(id)} }

// stop withdraws the monitor. Nothing of it stays in the mailbox.
func (m watched) stop() {
	StopMonitoring(m.id, m.tag)
	forget(m.tag)
}

// wait waits for the process's end or, before that, a message with a tag, which goes to take.
func (m watched) wait(ctx context.Context, tag Tag, take func(*incoming) error) (ended *EndedError, err error) {
	w := waiter{tags: []Tag{tag, m.tag}}
	w.take = func(x *incoming) {
		if x.kind == kindProcessDied && x.tag == m.tag {
			ended = &EndedError{x.id, x.tag, x.reason}
		} else {
			err = take(x)
		}
	}
	if err := w.wait(ctx); err != nil {
		return nil, err
	}
	return ended, err
}

// end waits for the process's end.
func (m watched) end(ctx context.Context) (*EndedError, error) {
	return m.wait(ctx, m.tag, func(*incoming) error { return nil })
}

// forget drops a message with a tag, if it is there.
func forget(tag Tag) {
	w := waiter{tags: []Tag{tag}, take: func(*incoming) {}}
	w.wait(canceled)
}
