// Package wasmencode writes WebAssembly: integers, types, instructions and function
// bodies, and whole modules as a Patch of a parsed one. It does not validate, and it
// imports wasmparse only.
//
// Start with Patch. Invariant: index spaces grow at their end, so what a rewriting
// leaves alone is copied as bytes. The one exception is a new imported function, which
// moves every defined function up; WriteTo then renumbers, in one place, all that
// names functions: unchanged bodies, exports, the start section, element segments,
// constant expressions, and the name section.
//
//	wasmparse.Module ─┐
//	new bodies, types ├─ Patch ─ WriteTo ─> io.Writer
//	imports, globals  ┘
//
// Integers are written in their shortest form. Compilers pad some, so that decoding
// and encoding gives the same instructions but not always the same bytes; doing it
// again gives the same bytes.
//
// https://webassembly.github.io/spec/core/binary/index.html
package wasmencode
