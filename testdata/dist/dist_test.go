package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What is in an archive comes out again, with its permissions.
func TestArchives(t *testing.T) {
	files := []file{{"a/b", []byte("text"), false}, {"a/run", bytes.Repeat([]byte("program"), 1000), true}}
	at := time.Unix(1_700_000_000, 0)
	check := func(kind string, i int, name string, data []byte, mode os.FileMode, modified time.Time) {
		t.Helper()
		want := files[i]
		if name != want.name || !bytes.Equal(data, want.data) || mode != want.mode() || !modified.Equal(at) {
			t.Errorf("%s: got %s, %d bytes, %v, %v", kind, name, len(data), mode, modified)
		}
	}
	packed, err := tarred(files, at)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(z)
	for i := range files {
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%v, user %d %q", err, h.Uid, h.Uname)
		}
		check("tar", i, h.Name, data, h.FileInfo().Mode(), h.ModTime)
	}
	if packed, err = zipped(files, at); err != nil {
		t.Fatal(err)
	}
	zr, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range zr.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		check("zip", i, f.Name, data, f.Mode(), f.Modified)
	}
}

// For this machine: twice the same bytes, and a command that knows its version.
func TestDist(t *testing.T) {
	t.Chdir("../..")
	platform := runtime.GOOS + "/" + runtime.GOARCH
	var archives [2][]byte
	for i := range archives {
		out := t.TempDir()
		d := dist{version: "v9.8.7", out: out, time: time.Unix(1_700_000_000, 0)}
		if err := d.run([]string{platform}); err != nil {
			t.Fatal(err)
		}
		sums, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sum, name, _ := strings.Cut(strings.TrimSpace(string(sums)), "  ")
		if archives[i], err = os.ReadFile(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(archives[i])); got != sum {
			t.Errorf("the sum of %s is %s, not %s", name, got, sum)
		}
		if !strings.HasPrefix(name, "lunatic-v9.8.7-"+runtime.GOOS+"-"+runtime.GOARCH+".") {
			t.Errorf("the archive is called %s", name)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two runs gave two archives")
	}
	for _, bad := range [][]string{nil, {"linux"}} {
		if err := (&dist{version: "v1", out: t.TempDir()}).run(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	if err := (&dist{version: "../v1", out: t.TempDir()}).run([]string{platform}); err == nil {
		t.Error("a version with a slash: no error")
	}
}
