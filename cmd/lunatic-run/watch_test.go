package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/transform"
)

// A transcript is what a command writes; tests wait for it.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
	news chan struct{}
}

func newTranscript() *transcript { return &transcript{news: make(chan struct{}, 1)} }

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.news <- struct{}{}:
	default:
	}
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// await waits until text has been written n times.
func (t *transcript) await(tb testing.TB, text string, n int) {
	tb.Helper()
	deadline := time.After(patience)
	for strings.Count(t.String(), text) < n {
		select {
		case <-t.news:
		case <-deadline:
			tb.Fatalf("%q did not come %d times. What came:\n%s", text, n, t)
		}
	}
}

// printing is a module that writes a letter and a line feed. Then it ends, or computes for
// ever.
func printing(letter byte, forever bool) []byte {
	// (import "wasi_snapshot_preview1" "fd_write" ...) (memory 1)
	// (data (i32.const 0) "\08\00\00\00\02\00\00\00X\n")
	// (func (export "_start")
	//   (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
	//   (loop (br 0)))
	code := "0d00" + "4101410041014110" + "10001a" + "0b"
	if forever {
		code = "1200" + "4101410041014110" + "10001a" + "03400c000b" + "0b"
	}
	body := "01" + code
	text := "0061736d01000000" +
		"010c0260047f7f7f7f017f600000" +
		"022301" + "16776173695f736e617073686f745f7072657669657731" + "0866645f7772697465" + "0000" +
		"03020101" + "0503010001" +
		"071302066d656d6f727902000" + "65f7374617274" + "0001" +
		"0a" + hex.EncodeToString([]byte{byte(len(body) / 2)}) + body +
		"0b10010041000b0a" + "0800000002000000" + hex.EncodeToString([]byte{letter}) + "0a"
	module, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return module
}

func TestWatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.wasm")
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(printing('a', true))
	stdout, stderr := newTranscript(), newTranscript()
	c := command{stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, build: transform.BuildTo, signals: make(chan os.Signal, 1)}
	code := make(chan int)
	go func() { code <- c.run([]string{"--watch", file}) }()
	stdout.await(t, "a\n", 1)

	// Another program: the old one is killed, though it never ends by itself.
	write(printing('b', true))
	stdout.await(t, "b\n", 1)
	stderr.await(t, "lunatic-run: "+file+": has changed, starting again\n", 1)

	// Half a file is no program; the next version is.
	whole := printing('c', false)
	write(whole[:len(whole)/2])
	stderr.await(t, "; waiting for a change\n", 1)
	if strings.Contains(stdout.String(), "c\n") {
		t.Errorf("half a program has run: %s", stdout)
	}
	write(whole)
	stdout.await(t, "c\n", 1)
	stderr.await(t, "has ended with exit code 0, waiting for a change\n", 1)

	// While there is no file nothing happens.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(printing('d', true))
	stdout.await(t, "d\n", 1)

	c.signals <- os.Interrupt
	select {
	case got := <-code:
		if want := 128 + int(syscall.SIGINT); got != want {
			t.Errorf("exit code %d, want %d", got, want)
		}
	case <-time.After(patience):
		t.Fatal("it has not ended")
	}
	if got, want := stdout.String(), "a\nb\nc\nd\n"; got != want {
		t.Errorf("standard output is %q, want %q", got, want)
	}
}

// A file that is not there yet is waited for.
func TestWatchMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.wasm")
	stdout, stderr := newTranscript(), newTranscript()
	c := command{stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, build: transform.BuildTo, signals: make(chan os.Signal, 1)}
	code := make(chan int)
	go func() { code <- c.run([]string{"--watch", file}) }()
	stderr.await(t, "; waiting for a change\n", 1)
	if err := os.WriteFile(file, printing('a', false), 0o666); err != nil {
		t.Fatal(err)
	}
	stdout.await(t, "a\n", 1)
	c.signals <- os.Interrupt
	<-code
}
