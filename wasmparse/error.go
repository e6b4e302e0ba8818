package wasmparse

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of errors. Every error of this package is an *Error that wraps one.
var (
	// ErrMalformed: the bytes are not a module of the binary format.
	ErrMalformed = errors.New("malformed module")
	// ErrInvalid: the module does not validate.
	ErrInvalid = errors.New("invalid module")
	// ErrUnsupported: the module uses a feature, or a size, that we refuse.
	ErrUnsupported = errors.New("unsupported feature")
)

// A SectionID is the number of a section in the binary format.
// https://webassembly.github.io/spec/core/binary/modules.html#sections
type SectionID byte

// The sections, and Header for what stands before the first.
const (
	SectionCustom SectionID = iota
	SectionType
	SectionImport
	SectionFunction
	SectionTable
	SectionMemory
	SectionGlobal
	SectionExport
	SectionStart
	SectionElement
	SectionCode
	SectionData
	SectionDataCount
	SectionTag
	numSections

	Header SectionID = 0xff
)

var sectionNames = [numSections]string{
	SectionCustom: "custom", SectionType: "type", SectionImport: "import",
	SectionFunction: "function", SectionTable: "table", SectionMemory: "memory",
	SectionGlobal: "global", SectionExport: "export", SectionStart: "start",
	SectionElement: "element", SectionCode: "code", SectionData: "data",
	SectionDataCount: "data count", SectionTag: "tag",
}

// String returns the section's name in lower case.
func (id SectionID) String() string {
	if id < numSections {
		return sectionNames[id]
	}
	return "header"
}

// An Error says what is wrong with a module, and where.
type Error struct {
	// Off is the byte offset in the file as given.
	Off     int64
	Section SectionID
	// Func is the function, if HasFunc.
	Func    FuncIdx
	HasFunc bool
	// Msg begins with the text the specification's test suite has for this error.
	Msg string
	// Feature names what is not supported, if Err is ErrUnsupported.
	Feature string
	// Err is ErrMalformed, ErrInvalid or ErrUnsupported.
	Err error

	m *Module // for the function's name, which is looked up when the error is printed
}

// Error returns, for example,
// code: func 812 (parse_uri): unexpected end (at offset 0x1f3c).
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Section.String())
	b.WriteString(": ")
	if e.HasFunc {
		fmt.Fprintf(&b, "func %d", e.Func)
		if e.m != nil {
			if name := e.m.Names().FuncName(e.Func); name != "" {
				fmt.Fprintf(&b, " (%s)", name)
			}
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s (at offset 0x%x)", e.Msg, e.Off)
	return b.String()
}

// Unwrap returns the error's kind.
func (e *Error) Unwrap() error { return e.Err }
