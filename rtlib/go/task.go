package lunatic

import "context"

// A TaskRole is a function that was registered to be computed in a process of its own.
type TaskRole[A, R any] struct{ name string }

// RegisterTask is [Register] for a task.
func RegisterTask[A, R any](name string, run func(A) (R, error)) TaskRole[A, R] {
	register(name, func(d *decoder) (func() error, error) {
		to, err := argument[ReplyTo[result[R]]](d)
		if err != nil {
			return nil, err
		}
		arg, err := argument[A](d)
		return func() error {
			var r result[R]
			var err error
			if r.Value, err = run(arg); err != nil {
				r.Failed, r.Text = true, err.Error()
			}
			to.Reply(r)
			return nil
		}, err
	})
	return TaskRole[A, R]{name}
}

// result is what a task sends.
type result[R any] struct {
	Value  R
	Failed bool
	Text   string
}

// A Task is a process that computes one value, for who has started it.
type Task[R any] struct {
	watched
	answer Tag
	over   bool // its end, or its value, is known
}

// A TaskError is the error that a task has returned.
type TaskError struct{ Text string }

func (e *TaskError) Error() string { return e.Text }

// Async starts a task. It is not linked to who has started it, unless options say so: that it
// fails is an answer of Await.
func (t TaskRole[A, R]) Async(arg A, options ...SpawnOption) (*Task[R], error) {
	gate, answer := newTag(), newTag()
	s, err := newSpawning(append(options[:len(options):len(options)], gated(gate)))
	if err != nil {
		return nil, err
	}
	e := s.head(t.name)
	e.replyTo(answer)
	if err := e.value(valueOf(&arg), 0); err != nil {
		return nil, err
	}
	id, err := s.run(e)
	if err != nil {
		return nil, err
	}
	task := &Task[R]{watched: watch(id), answer: answer} // before it can end
	sysSendData(uint64(id), int64(gate), nil, 0)
	return task, nil
}

// ID returns the task's process.
func (t *Task[R]) ID() ID { return t.id }

// Await waits for the value, which can be had once. The error is a [*TaskError] if the function has
// returned one, an [*EndedError] if the process has ended without a value, or that of the
// context: then the task goes on, and can be awaited again.
func (t *Task[R]) Await(ctx context.Context) (value R, err error) {
	var r result[R]
	ended, err := t.wait(ctx, t.answer, func(x *incoming) (err error) {
		r, err = decodeIncoming[result[R]](x)
		return err
	})
	switch {
	case ended != nil:
		t.over = true
		return value, ended
	case err != nil && ctx.Err() == err:
		return value, err
	}
	t.over = true
	t.stop()
	if r.Failed {
		err = &TaskError{r.Text}
	}
	return r.Value, err
}

// Cancel kills the task and waits until it has ended.
func (t *Task[R]) Cancel() {
	if t.over {
		return
	}
	t.over = true
	t.id.Kill()
	t.end(context.Background())
	forget(t.answer)
}
