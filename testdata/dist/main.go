// Dist builds the commands for other machines: for each platform an archive with static
// binaries, man pages and completions, and SHA256SUMS over all. The same sources, version and
// compiler give the same bytes.
//
//	go run ./testdata/dist -version v1.2.3 -o dist linux/amd64 windows/arm64
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// commands are what is built, and documented those that have man pages and completions.
var (
	commands   = []string{"lunatic-build", "lunatic-run", "lunatic-wasm-ld", "cargo-lunatic"}
	documented = []string{"lunatic-build", "lunatic-run"}
	shells     = []string{"bash", "zsh", "fish"}
)

const versionVar = "github.com/lunatic-go/lunatic/cmd/internal/cli.version"

func main() {
	d := dist{}
	flag.StringVar(&d.version, "version", "devel", "the version that the commands print")
	flag.StringVar(&d.out, "o", "dist", "the folder for the archives")
	epoch := flag.Int64("time", 0, "when the files were changed, in seconds since 1970")
	flag.Parse()
	d.time = time.Unix(*epoch, 0).UTC()
	if err := d.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// A dist is one run.
type dist struct {
	version string
	out     string
	time    time.Time
	shared  []file // of all archives
}

// A file is an entry of an archive.
type file struct {
	name string // with slashes
	data []byte
	exec bool
}

func (d *dist) run(platforms []string) error {
	if len(platforms) == 0 {
		return errors.New("name platforms, as linux/amd64")
	}
	if strings.ContainsAny(d.version, "/\\ '\"") || d.version == "" {
		return fmt.Errorf("the version %q cannot be part of a file's name", d.version)
	}
	tmp, err := os.MkdirTemp("", "dist")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if d.shared, err = d.documents(tmp); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, p := range platforms {
		goos, goarch, ok := strings.Cut(p, "/")
		if !ok {
			return fmt.Errorf("%q is not a platform: OS/ARCH", p)
		}
		name, data, err := d.archive(goos, goarch, tmp)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if err := os.MkdirAll(d.out, 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.out, name), data, 0o666); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
		fmt.Printf("%s, %d bytes\n", filepath.Join(d.out, name), len(data))
	}
	return os.WriteFile(filepath.Join(d.out, "SHA256SUMS"), sums.Bytes(), 0o666)
}

// archive returns the archive for a platform: a .zip for Windows, else a .tar.gz.
func (d *dist) archive(goos, goarch, tmp string) (name string, data []byte, err error) {
	files := slices.Clone(d.shared)
	for _, c := range commands {
		f := file{name: c, exec: true}
		if goos == "windows" {
			f.name += ".exe"
		}
		if f.data, err = d.build(c, goos, goarch, tmp); err != nil {
			return "", nil, err
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	folder := fmt.Sprintf("lunatic-%s-%s-%s", d.version, goos, goarch)
	for i := range files {
		files[i].name = path.Join(folder, files[i].name)
	}
	if goos == "windows" {
		data, err = zipped(files, d.time)
		return folder + ".zip", data, err
	}
	data, err = tarred(files, d.time)
	return folder + ".tar.gz", data, err
}

// build compiles a command.
func (d *dist) build(command, goos, goarch, tmp string) ([]byte, error) {
	out := filepath.Join(tmp, goos+"-"+goarch+"-"+command)
	cmd := exec.Command("go", "build", "-trimpath", "-pgo=auto", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X "+versionVar+"="+d.version, "-o", out, "./cmd/"+command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return os.ReadFile(out)
}

// documents returns the license, the README, and what the commands print about themselves on
// this machine.
func (d *dist) documents(tmp string) ([]file, error) {
	var files []file
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, data: data})
	}
	for _, c := range documented {
		bin := filepath.Join(tmp, c)
		data, err := d.build(c, "", "", tmp)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(bin, data, 0o777); err != nil {
			return nil, err
		}
		add := func(name string, args ...string) error {
			out, err := exec.Command(bin, args...).Output()
			files = append(files, file{name: name, data: out})
			return err
		}
		words, err := exec.Command(bin, "help", "--words").Output()
		err = errors.Join(err, add("man/"+c+".1", "help", "--man"))
		for _, w := range strings.Fields(string(words)) {
			err = errors.Join(err, add("man/"+c+"-"+w+".1", "help", "--man", w))
		}
		for _, shell := range shells {
			err = errors.Join(err, add("completions/"+c+"."+shell, "completion", shell))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c, err)
		}
	}
	return files, nil
}

// mode is the permissions of a file.
func (f *file) mode() fs.FileMode {
	if f.exec {
		return 0o755
	}
	return 0o644
}
