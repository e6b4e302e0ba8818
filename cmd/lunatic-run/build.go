package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// maxModule is the size in bytes above which a module is not read.
const maxModule = 1 << 30

// readModule reads a file of a bounded size.
func readModule(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	switch {
	case st.IsDir():
		return nil, errors.New("is a directory")
	case st.Size() > maxModule:
		return nil, fmt.Errorf("has %d bytes, more than %d", st.Size(), maxModule)
	}
	return os.ReadFile(name)
}

// artifact returns what is run for a module: itself if it is an artifact, else the
// artifact built from it, which is kept in the cache. Without a cache dir is empty.
func (c *command) artifact(ctx context.Context, module []byte, dir string) ([]byte, error) {
	if runner.IsArtifact(module) {
		return module, nil
	}
	var kept string
	if dir != "" {
		kept = filepath.Join(dir, "artifacts", cacheKey(module)+".wasm")
		if b, err := os.ReadFile(kept); err == nil && runner.IsArtifact(b) {
			return b, nil
		}
	}
	var out bytes.Buffer
	if _, err := c.build(ctx, &out, module, transform.Options{Version: cli.Version()}); err != nil {
		return nil, err
	}
	if kept != "" {
		// A cache that cannot be written is no reason not to run.
		if err := writeFile(kept, out.Bytes()); err != nil {
			fmt.Fprintf(c.stderr, "lunatic-run: cache: %v\n", err)
		}
	}
	return out.Bytes(), nil
}

// cacheKey depends on everything the artifact depends on: the module, the contract,
// and this program, which contains the build.
func cacheKey(module []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "lunatic %d %s", rtlib.Version, cli.Version())
	if exe, err := os.Executable(); err == nil {
		if st, err := os.Stat(exe); err == nil {
			fmt.Fprintf(h, " %d %d", st.Size(), st.ModTime().UnixNano()) // two builds of one version
		}
	}
	fmt.Fprintf(h, "\n")
	h.Write(module)
	return hex.EncodeToString(h.Sum(nil))
}

// writeFile writes a file that others see whole or not at all.
func writeFile(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
