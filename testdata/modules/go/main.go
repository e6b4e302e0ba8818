// Command go exercises Go's own runtime inside one WebAssembly instance: goroutines,
// channels, select, timers, the collector, maps, interfaces, generics, panics and
// encoding/json. Its output does not depend on the order in which goroutines run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// random is xorshift32, as in the other guests.
type random uint32

func (r *random) next() uint32 {
	x := *r
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*r = x
	return uint32(x)
}

const seed random = 2463534242

func channels() {
	// A sieve: one goroutine for every prime.
	source := func(ctx context.Context) <-chan int {
		ch := make(chan int)
		go func() {
			for i := 2; ; i++ {
				select {
				case ch <- i:
				case <-ctx.Done():
					return
				}
			}
		}()
		return ch
	}
	filter := func(ctx context.Context, in <-chan int, prime int) <-chan int {
		out := make(chan int)
		go func() {
			for {
				select {
				case i := <-in:
					if i%prime == 0 {
						continue
					}
					select {
					case out <- i:
					case <-ctx.Done():
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}()
		return out
	}
	ctx, cancel := context.WithCancel(context.Background())
	ch, prime := source(ctx), 0
	for range 60 {
		prime = <-ch
		ch = filter(ctx, ch, prime)
	}
	cancel()
	fmt.Println("prime 60:", prime)

	// A pool of workers that sleep at different depths.
	jobs, results := make(chan int), make(chan int, 4)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range jobs {
				results <- collatz(n, n%20)
			}
		})
	}
	go func() {
		for n := 1; n <= 100; n++ {
			jobs <- n
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("collatz steps below 101:", sum)
}

// collatz sleeps at the end of a recursion of the given depth.
func collatz(n, depth int) int {
	if depth > 0 {
		return collatz(n, depth-1)
	}
	time.Sleep(100 * time.Microsecond)
	steps := 0
	for n != 1 {
		if n%2 == 0 {
			n /= 2
		} else {
			n = 3*n + 1
		}
		steps++
	}
	return steps
}

func timers() {
	// Timers that are due at once run in any order, so only their sum is printed.
	fired := make(chan int, 3)
	for i := range 3 {
		time.AfterFunc(time.Duration(6-2*i)*time.Millisecond, func() { fired <- i + 1 })
	}
	select {
	case <-make(chan int):
		fmt.Println("FROM A CHANNEL NOBODY SENDS TO")
	case <-time.After(time.Millisecond):
	}
	fmt.Println("timers:", <-fired+<-fired+<-fired)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println("context:", ctx.Err())
	ticker := time.NewTicker(time.Millisecond)
	for range 3 {
		<-ticker.C
	}
	ticker.Stop()
}

type node struct {
	left, right *node
	key         int
	pad         []byte
}

func tree(depth, key int) *node {
	if depth == 0 {
		return nil
	}
	if depth == 5 && key%8 == 0 {
		time.Sleep(50 * time.Microsecond)
	}
	return &node{tree(depth-1, 2*key), tree(depth-1, 2*key+1), key, make([]byte, 16+key%64)}
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.left.sum() + n.right.sum() + n.key + len(n.pad) - 16 - n.key%64
}

func collector() {
	kept, finished := tree(11, 1), atomic.Int32{}
	for range 4 {
		garbage := tree(10, 1)
		runtime.AddCleanup(garbage, func(int) { finished.Add(1) }, 0)
		if garbage.sum() != 1023*1024/2 {
			fmt.Println("GARBAGE IS WRONG")
		}
		runtime.GC()
	}
	for range 100 {
		if finished.Load() >= 3 {
			break
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	fmt.Println("tree:", kept.sum(), "collected:", ms.NumGC >= 4 && finished.Load() >= 3)
}

type shape interface{ area() float64 }
type square float64
type rect struct{ w, h float64 }

func (s square) area() float64 { return float64(s * s) }
func (r *rect) area() float64 {
	time.Sleep(50 * time.Microsecond)
	return r.w * r.h
}

func sum[T any, N int | float64](s []T, f func(T) N) (total N) {
	for _, v := range s {
		total += f(v)
	}
	return total
}

func library() {
	r := seed
	counts := map[string]int{}
	for range 10000 {
		counts[fmt.Sprintf("k%d", r.next()%500)]++
	}
	keys := slices.Sorted(maps.Keys(counts))
	most := slices.MaxFunc(keys, func(a, b string) int { return counts[a] - counts[b] })
	fmt.Println("map:", len(counts), keys[0], keys[499], most, counts[most])
	values := make([]uint32, 3000)
	for i := range values {
		values[i] = r.next() % 100000
	}
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	fmt.Println("sort:", values[0], values[1500], values[2999], slices.IsSorted(values))
	shapes := []shape{square(2), &rect{3, 4}, square(1.5), &rect{0.5, 8}}
	fmt.Println("shapes:", sum(shapes, shape.area), sum(shapes, func(shape) int { return 1 }))
	text := strings.Repeat("the quick brown fox ", 500)
	fmt.Println("strings:", strings.Count(text, "o"), strings.ToTitle(strings.Fields(text)[1001]), strings.NewReplacer("quick", "slow", "fox", "dog").Replace(text[:19]))
	fmt.Printf("formats: %08.3f|%-6s|%+v|%q|%x|%T\n", 3.14159, "ab", rect{1, 2}, "\u00e9\n", "hi", shapes[1])
	fmt.Printf("crc32: %08x\n", crc32.ChecksumIEEE([]byte(text)))
}

var errDeep = errors.New("deep")

// fall panics at the bottom of a recursion whose deferred functions sleep.
func fall(n int, log *[]int) {
	defer func() {
		if n%5 == 0 {
			time.Sleep(50 * time.Microsecond)
		}
		*log = append(*log, n)
	}()
	if n == 20 {
		panic(fmt.Errorf("at %d: %w", n, errDeep))
	}
	fall(n+1, log)
}

func recovered(f func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case error:
			err = v
		case nil:
		default:
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	f()
	return nil
}

func panics() {
	var log []int
	err := recovered(func() { fall(0, &log) })
	fmt.Println("recovered:", err, errors.Is(err, errDeep), len(log), log[0], log[20])
	var s []int
	var m map[string]int
	var p *rect
	zero := len(s)
	for _, f := range []func(){func() { s[zero+3] = 1 }, func() { m["x"] = 1 }, func() { p.w = 1 }, func() { fmt.Println(1 / zero) }, func() { panic("text") }, func() {}} {
		fmt.Println("recovered:", recovered(f))
	}
}

func documents() {
	type item struct {
		ID   int            `json:"id"`
		Name string         `json:"name,omitempty"`
		Tags []string       `json:"tags"`
		More map[string]any `json:"more,omitempty"`
		Deep *item          `json:"deep,omitempty"`
	}
	in := item{ID: 1, Name: "a<b>\u20ac", Tags: []string{"x", "y"}, More: map[string]any{"z": 1.5, "a": []any{nil, true, "s"}}, Deep: &item{ID: 2}}
	text, err := json.Marshal(in)
	fmt.Println(string(text), err)
	var out item
	fmt.Println("json:", json.Unmarshal(text, &out), out.Deep.ID, out.More["a"].([]any)[2])
	var bad *json.SyntaxError
	fmt.Println("json:", errors.As(json.Unmarshal([]byte(`{"id": 1,}`), &out), &bad), bad.Offset)
}

func main() {
	channels()
	timers()
	collector()
	library()
	panics()
	documents()
	var mu sync.Mutex
	total := 0
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			runtime.Gosched()
			mu.Lock()
			defer mu.Unlock()
			total += i
		})
	}
	wg.Wait()
	fmt.Println("goroutines:", total)
	defer fmt.Println("deferred calls do not run before os.Exit")
	os.Exit(4)
}
