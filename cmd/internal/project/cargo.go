package project

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/lunatic-go/lunatic/cmd/internal/toolchain"
)

// planCargo has cargo compile for WASI, link with lunatic-wasm-ld and run with lunatic-run.
func planCargo(p *planner) error {
	name := ".cargo/config.toml"
	old, err := p.read(name)
	if err != nil {
		return err
	}
	if old == nil { // the name that it had before Rust 1.39, which still counts
		other, err := p.read(".cargo/config")
		if err != nil {
			return err
		}
		if other != nil {
			name, old = ".cargo/config", other
		}
	}
	f, err := parseTOML(string(old))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	target := p.cargoTarget(f)
	for _, s := range []struct {
		table []string
		key   string
		value string
	}{
		{[]string{"build"}, "target", target},
		{[]string{"target", target}, "runner", "lunatic-run"},
		{[]string{"target", target}, "linker", "lunatic-wasm-ld"},
	} {
		key := strings.Join(append(slices.Clone(s.table), s.key), ".")
		has := f.get(s.table, s.key)
		if s.key == "runner" && runs(has, "lunatic-run") || has == s.value {
			continue
		}
		whose := ""
		if s.key == "runner" && (runs(has, "lunatic run") || runs(has, "lunatic")) {
			whose = ", which is that of Lunatic's VM,"
		}
		if has != nil && !p.conflict("%s: %s is %s%s and would become %q", name, key, show(has), whose, s.value) {
			continue
		}
		if err := f.set(s.table, s.key, s.value); err != nil {
			return fmt.Errorf("%s: %w: set %s = %q", name, err, key, s.value)
		}
	}
	p.edit(name, old, []byte(f.text))
	if root := workspaceOf(p.dir); root != "" {
		p.hint("the workspace is %s: cargo reads this configuration in %s only", root, p.dir)
	}
	return nil
}

// workspaceOf returns the folder of the workspace that a package may be a member of, if it
// is another one.
func workspaceOf(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for above := filepath.Dir(dir); above != dir; dir, above = above, filepath.Dir(above) {
		var doc struct{ Workspace *struct{} }
		data, err := os.ReadFile(filepath.Join(above, "Cargo.toml"))
		if err == nil && toml.Unmarshal(data, &doc) == nil && doc.Workspace != nil {
			return above
		}
	}
	return ""
}

// cargoTarget returns the target to compile for: the one that is set, if it is WASI's and
// the compiler knows it.
func (p *planner) cargoTarget(f *tomlFile) string {
	set, _ := f.get([]string{"build"}, "target").(string)
	rust, err := toolchain.FindRust(p.dir)
	switch {
	case err != nil && slices.Contains(toolchain.Targets, set):
		return set
	case err != nil:
		p.hint("%v; the target is %s, which Rust knows since 1.78", err, toolchain.Targets[0])
		return toolchain.Targets[0]
	case slices.Contains(rust.Known, set):
		return set
	}
	return rust.Target
}

// runs reports whether a runner is a command, with any flags.
func runs(runner any, command string) bool {
	var words []string
	switch r := runner.(type) {
	case string:
		words = strings.Fields(r)
	case []any:
		for _, w := range r {
			s, _ := w.(string)
			words = append(words, s)
		}
	}
	want := strings.Fields(command)
	return len(words) >= len(want) && slices.Equal(words[:len(want)], want)
}

// show is a value for a message.
func show(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%v", v)
}

func checkCargo(dir string) []Requirement {
	cargo := found("cargo", "install Rust from https://rustup.rs, or the package cargo", "--version")
	rustc := Requirement{Name: "rustc", Remedy: "install Rust from https://rustup.rs, or the package rustc"}
	all := []Requirement{cargo, rustc}
	var sysroots []string
	if rust, err := toolchain.FindRust(dir); err == nil {
		all[1].Found = rust.Version
		std := Requirement{Name: "the standard library for " + rust.Target, Remedy: rust.StdRemedy()}
		if rust.Std {
			std.Found = "below " + rust.Sysroot
		}
		all = append(all, std)
		sysroots = []string{rust.Sysroot}
	} else if err != toolchain.ErrNoRust {
		all[1].Remedy = err.Error()
	}
	ld := Requirement{Name: "a linker", Remedy: toolchain.ErrNoLinker.Error()}
	if l, err := toolchain.FindLinker(sysroots); err == nil {
		ld.Found = l.Path
	} else {
		ld.Remedy = err.Error()
	}
	return append(all, ld, command("lunatic-run"), command("lunatic-build"), command("lunatic-wasm-ld"))
}

// command is a command of this project, by the name that other tools call it.
func command(name string) Requirement {
	return found(name, "go install github.com/lunatic-go/lunatic/cmd/...@latest, and have $(go env GOPATH)/bin in the PATH")
}

// found looks for a command on the PATH, and asks it for its version if args say how.
func found(name, remedy string, args ...string) Requirement {
	r := Requirement{Name: name, Remedy: remedy}
	path, err := exec.LookPath(name)
	if err != nil {
		return r
	}
	if r.Found = path; len(args) == 0 {
		return r
	}
	out, err := exec.Command(path, args...).Output()
	if err != nil {
		r.Found, r.Remedy = "", fmt.Sprintf("%s %s fails: %v", path, strings.Join(args, " "), err)
		return r
	}
	r.Found, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return r
}
