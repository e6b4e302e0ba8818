package runner

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMailboxOrder(t *testing.T) {
	var b mailbox
	var all []*Message
	for _, tag := range []int64{3, 0, 4, 3, 5} {
		m := &Message{Tag: tag}
		all = append(all, m)
		b.put(m)
	}
	for i, tt := range []struct {
		any   bool
		after int // place of a message, 0 for none
		tags  []int64
		want  int
	}{
		{false, 0, []int64{9}, 0},
		{false, 0, []int64{0}, 0}, // no tag is no tag
		{false, 1, []int64{3}, 4}, // only what came later
		{false, 0, []int64{5, 4}, 3},
		{true, 2, nil, 5},
		{true, 2, nil, 0},
		{true, 0, nil, 1},
		{true, 0, nil, 2},
		{true, 0, nil, 0},
	} {
		var after *Message
		if tt.after > 0 {
			after = all[tt.after-1]
		}
		got := b.take(tt.tags, tt.any, after)
		if want := slices.Index(all, got) + 1; want != tt.want {
			t.Errorf("%d: take(%v, %v, after %d): got message %d, want %d", i, tt.tags, tt.any, tt.after, want, tt.want)
		}
	}
}

// A mailbox does what a list that is searched from its start does, with and without the
// index.
func TestMailboxModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	indexed := 0
	for range 200 {
		var b mailbox
		var model []*Message
		tags := 1 + r.Int64N(20)
		for range 2000 {
			if r.IntN(5) < 3 || b.byTag == nil && r.IntN(2) == 0 {
				m := &Message{Tag: r.Int64N(tags)}
				b.put(m)
				model = append(model, m)
				continue
			}
			anyTag := r.IntN(20) == 0
			want := make([]int64, r.IntN(12))
			for i := range want {
				want[i] = r.Int64N(tags + 3)
			}
			slices.Sort(want)
			start := 0
			var after *Message
			if len(model) > 0 && r.IntN(4) == 0 {
				start = 1 + r.IntN(len(model))
				after = model[start-1]
			}
			expected := -1
			for i := start; i < len(model); i++ {
				if anyTag || model[i].Tag != 0 && slices.Contains(want, model[i].Tag) {
					expected = i
					break
				}
			}
			got := b.take(want, anyTag, after)
			if expected < 0 {
				if got != nil {
					t.Fatalf("got a message with tag %d, want none", got.Tag)
				}
				continue
			}
			if got != model[expected] {
				t.Fatalf("got another message than number %d", expected)
			}
			model = slices.Delete(model, expected, expected+1)
			if b.byTag != nil {
				indexed++
			}
		}
		bytes := 0
		for _, m := range model {
			bytes += m.size()
		}
		if b.count != len(model) || b.bytes != bytes {
			t.Fatalf("%d messages of %d bytes, want %d of %d", b.count, b.bytes, len(model), bytes)
		}
		b.drop()
		if b.first != nil || b.count != 0 || b.bytes != 0 {
			t.Fatal("drop leaves something")
		}
	}
	if indexed < 1000 {
		t.Errorf("the index was used only %d times", indexed)
	}
}

// Receiving by tag takes the same time however many others wait.
func BenchmarkMailboxTag(b *testing.B) {
	for _, queued := range []int{0, 1_000, 100_000} {
		b.Run(map[int]string{0: "0", 1000: "1k", 100_000: "100k"}[queued], func(b *testing.B) {
			var box mailbox
			for range queued {
				box.put(&Message{Tag: 1})
			}
			tags := []int64{2}
			m := &Message{Tag: 2}
			for b.Loop() {
				box.put(m)
				if box.take(tags, false, nil) != m {
					b.Fatal("lost")
				}
			}
		})
	}
}
