package wasmtest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// A Script is a test script of the specification's suite, as wabt's wast2json
// writes it.
type Script struct {
	Source   string    `json:"source_filename"`
	Commands []Command `json:"commands"`
}

// A Command is one step of a script. Which fields are set depends on Type: module,
// register, action, or one of the assertions.
type Command struct {
	Type       string  `json:"type"`
	Line       int     `json:"line"`
	Name       string  `json:"name"`        // of a module, with $
	Filename   string  `json:"filename"`    // of a module beside the script
	ModuleType string  `json:"module_type"` // binary or text
	As         string  `json:"as"`          // the name to register a module by
	Action     Action  `json:"action"`
	Expected   []Value `json:"expected"`
	Text       string  `json:"text"` // of the expected error
}

// An Action invokes a function or gets a global. An empty Module is the latest one.
type Action struct {
	Type   string  `json:"type"` // invoke or get
	Module string  `json:"module"`
	Field  string  `json:"field"`
	Args   []Value `json:"args"`
}

// A Value is a parameter or an expected result. Raw is nil where a result's type is
// all that is asked for.
type Value struct {
	Type string          `json:"type"`
	Lane string          `json:"lane_type"` // of a v128
	Raw  json.RawMessage `json:"value"`
}

// LoadScript reads a script.
func LoadScript(path string) (*Script, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(Script)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// lanes says how a value is made of numbers: how many there are, their width in
// bits and whether they are floats.
func (v Value) lanes() (n, width int, float bool, err error) {
	t := v.Type
	n = 1
	if t == "v128" {
		t = v.Lane
	}
	switch t {
	case "i8":
		width = 8
	case "i16":
		width = 16
	case "i32", "f32":
		width = 32
	case "i64", "f64":
		width = 64
	default:
		return 0, 0, false, fmt.Errorf("unknown type %q", t)
	}
	if v.Type == "v128" {
		n = 128 / width
	}
	return n, width, t[0] == 'f', nil
}

// texts returns the text of every lane.
func (v Value) texts() ([]string, error) {
	if v.Type == "v128" {
		var all []string
		err := json.Unmarshal(v.Raw, &all)
		return all, err
	}
	var one string
	err := json.Unmarshal(v.Raw, &one)
	return []string{one}, err
}

// IsRef reports whether the value is a reference.
func (v Value) IsRef() bool {
	return strings.HasSuffix(v.Type, "ref") || v.Type == "refnull"
}

// Any reports whether the script accepts every value of the type.
func (v Value) Any() bool { return v.Raw == nil || string(v.Raw) == "null" }

// Words returns the bits of a parameter: one word, two for a v128. A reference to
// nothing is 0, the host's n-th object n+1.
func (v Value) Words() ([]uint64, error) {
	if v.IsRef() {
		return v.refWords()
	}
	n, width, float, err := v.lanes()
	if err != nil {
		return nil, err
	}
	all, err := v.texts()
	if err != nil {
		return nil, err
	}
	if len(all) != n {
		return nil, fmt.Errorf("%d lanes of %s, want %d", len(all), v.Type, n)
	}
	words := make([]uint64, (n*width+63)/64)
	for i, text := range all {
		bits, err := laneBits(text, width, float)
		if err != nil {
			return nil, err
		}
		words[i*width/64] |= bits << (i * width % 64)
	}
	return words, nil
}

func (v Value) refWords() ([]uint64, error) {
	if v.Any() || v.Type == "refnull" {
		return []uint64{0}, nil
	}
	var text string
	if err := json.Unmarshal(v.Raw, &text); err != nil {
		return nil, err
	}
	if text == "null" {
		return []uint64{0}, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return []uint64{n + 1}, err
}

// laneBits parses a number; some tools write integers with a sign.
func laneBits(text string, width int, float bool) (uint64, error) {
	if strings.HasPrefix(text, "-") {
		n, err := strconv.ParseInt(text, 10, width)
		return uint64(n) & (math.MaxUint64 >> (64 - width)), err
	}
	if float && strings.HasPrefix(text, "nan:") {
		if width == 32 {
			return 0x7fc00000, nil
		}
		return 0x7ff8 << 48, nil
	}
	return strconv.ParseUint(text, 10, width)
}

// Match reports whether words, as many as the type has, are what the script expects.
// A floating-point number that is not a pattern must have the very bits, a NaN too:
// the scripts spell a NaN out only where its bits are fixed.
func (v Value) Match(words []uint64) (bool, error) {
	switch {
	case v.Type == "refnull":
		return words[0] == 0, nil
	case v.Any():
		return true, nil
	case v.IsRef():
		want, err := v.refWords()
		return err == nil && words[0] == want[0], err
	}
	n, width, float, err := v.lanes()
	if err != nil {
		return false, err
	}
	all, err := v.texts()
	if err != nil {
		return false, err
	}
	if len(all) != n || len(words) != (n*width+63)/64 {
		return false, fmt.Errorf("%d lanes in %d words of %s", len(all), len(words), v.Type)
	}
	for i, text := range all {
		got := words[i*width/64] >> (i * width % 64) & (math.MaxUint64 >> (64 - width))
		ok, err := matchLane(text, width, float, got)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func matchLane(text string, width int, float bool, got uint64) (bool, error) {
	sign, quiet := uint64(1)<<31, uint64(0x7fc00000)
	if width == 64 {
		sign, quiet = 1<<63, 0x7ff8<<48
	}
	switch {
	case float && text == "nan:canonical":
		return got&^sign == quiet, nil
	case float && text == "nan:arithmetic":
		return got&quiet == quiet, nil
	}
	want, err := laneBits(text, width, float)
	return got == want, err
}

func (v Value) String() string {
	if v.Type == "v128" {
		return v.Type + ":" + v.Lane + string(v.Raw)
	}
	return v.Type + ":" + string(v.Raw)
}

// trapTexts are the texts of traps in the scripts and what wazero calls them. A
// script's text may go on after the one given here.
var trapTexts = []struct{ script, engine string }{
	{"expected shared memory", "expected shared memory"},
	{"out of bounds memory access", "out of bounds memory access"},
	{"indirect call", "indirect call type mismatch"},
	{"out of bounds table access", "invalid table access"},
	{"undefined", "invalid table access"},
	{"uninitialized", "invalid table access"},
	{"integer overflow", "integer overflow"},
	{"invalid conversion to integer", "invalid conversion to integer"},
	{"integer divide by zero", "integer divide by zero"},
	{"unaligned atomic", "unaligned atomic"},
	{"unreachable", "unreachable"},
	{"null", "null reference"},
	{"call stack exhausted", "stack overflow"},
}

// TrapText returns what wazero calls the trap that a script names text.
func TrapText(text string) (string, error) {
	for _, t := range trapTexts {
		if strings.HasPrefix(text, t.script) {
			return t.engine, nil
		}
	}
	return "", fmt.Errorf("unknown trap %q", text)
}
