package cli

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxNames is how many names of a folder are looked at for one that is near.
const maxNames = 1000

// FileError is an error of opening or reading a file without what is printed anyway, the
// operation and the name. A file that is not there may have been another one.
func FileError(name string, err error) error {
	var path *os.PathError
	if !errors.As(err, &path) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		if near := nearFile(name); near != "" {
			return errors.New(path.Err.Error() + "; did you mean " + near + "?")
		}
	}
	return path.Err
}

// nearFile returns the file that name may have meant.
func nearFile(name string) string {
	dir, base := filepath.Split(name)
	folder := dir
	if folder == "" {
		folder = "."
	}
	f, err := os.Open(folder)
	if err != nil {
		return ""
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxNames)
	slices.Sort(names)
	if slices.Contains(names, base+".wasm") {
		return dir + base + ".wasm"
	}
	if near := Nearest(base, names); near != "" {
		return dir + near
	}
	return ""
}

// A format is a kind of file that somebody may take for a module.
type format struct{ magic, text string }

var formats = []format{
	{"\x00asm\x0d\x00\x01\x00", "is a component, and only core modules are run: build it for WASI preview 1 (rustc --target wasm32-wasip1), or take the module out with wasm-tools component unbundle"},
	{"\x7fELF", native},
	{"MZ", native},
	{"\xcf\xfa\xed\xfe", native},
	{"\xce\xfa\xed\xfe", native},
	{"\xca\xfe\xba\xbe", native},
	{"!<arch>\n", "is a library (an archive): link it to a program first"},
	{"BC\xc0\xde", "is bitcode of LLVM: compile and link it for wasm32-wasi"},
	{"\x1f\x8b", "is compressed with gzip: unpack it first"},
	{"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"},
	{"PK\x03\x04", "is a zip archive: unpack it first"},
	{"#!", "is a script: compile a program for WebAssembly"},
}

const native = "is a program for this machine, not for WebAssembly: compile it with --target=wasm32-wasi (C), --target wasm32-wasip1 (Rust) or GOOS=wasip1 GOARCH=wasm (Go)"

// NotModule says what data is instead of a module, and what to do about it; nil if it may
// be one.
func NotModule(data []byte) error {
	for _, f := range formats {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return errors.New(f.text)
		}
	}
	switch {
	case len(data) == 0:
		return errors.New("is empty: did the compiler fail?")
	case isText(data):
		return errors.New("is WebAssembly in text form: assemble it first, wat2wasm FILE.wat -o FILE.wasm")
	}
	return nil
}

// isText reports whether data begins like WebAssembly's text format: a bracket behind space
// and comments.
func isText(data []byte) bool {
	for {
		data = bytes.TrimLeft(data, " \t\r\n")
		if bytes.HasPrefix(data, []byte(";;")) {
			_, data, _ = bytes.Cut(data, []byte("\n"))
			continue
		}
		if bytes.HasPrefix(data, []byte("(;")) {
			_, data, _ = bytes.Cut(data, []byte(";)"))
			continue
		}
		return bytes.HasPrefix(data, []byte("(module")) || bytes.HasPrefix(data, []byte("(component"))
	}
}

// IsModule reports whether data begins as a module does.
func IsModule(data []byte) bool {
	return len(data) >= 8 && string(data[:4]) == "\x00asm" && binary.LittleEndian.Uint32(data[4:]) == 1
}
