// Package run runs the programs of the folder above, the tests of the guest library for C, which
// make libs builds.
package run

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib/guesttest"
	"github.com/lunatic-go/lunatic/runner"
)

var dir = flag.String("dir", "", "the folder that make libs fills")

// programs are those of the folder above. Each prints what NAME.out says, plainly and under every stress.
var programs = []string{"library", "modules", "network", "permissions", "sockets", "cplusplus"}

func TestPrograms(t *testing.T) {
	if *dir == "" {
		t.Skip("C programs take clang: make libs")
	}
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "hello.txt"), []byte("hello\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	certificate, key := guesttest.NewCertificate(t)
	_, other := guesttest.NewCertificate(t)
	cfg := runner.ProcessConfig{
		May: runner.MayAll,
		Env: [][2]string{{"CERTIFICATE", certificate}, {"KEY", key}, {"OTHER_KEY", other}, {"HOME_OF", "root"}},
		Dirs: []runner.Dir{
			{Host: data, Guest: "/data", ReadOnly: true},
			{Host: filepath.Join(*dir, "c"), Guest: "/modules", ReadOnly: true},
		},
	}
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("..", name+".out"))
			if err != nil {
				t.Fatal(err)
			}
			cfg := cfg
			cfg.Args = []string{name}
			guesttest.Run(t, guesttest.Program{File: filepath.Join(*dir, "c", name+".wasm"), Config: cfg, Stdout: string(want)})
		})
	}
}
