// Package wasmparse reads and validates WebAssembly modules. It changes nothing and
// imports the standard library only; package wasmencode writes.
//
// Start with Parse, which gives a Module: every section decoded, function bodies left
// as windows into the input. From there a question that one walk forward can answer is
// for a Scanner, which copies nothing. A function to be rewritten is decoded into a
// Func, a flat list of 16-byte instructions without pointers, whose memory the next
// function uses again. A Stack validates a Func one instruction at a time and shows
// the types on the operand stack on the way.
//
//	bytes -> Parse -> Module -> Scanner                   look, count, copy
//	                         -> Func.Decode -> Stack.Step  rewrite, validate
//
// What is read is version 2 of the specification with tail calls, extended constant
// expressions, exception handling with exnref, typed function references, and
// threads: all that wazero runs. Garbage collection, 64-bit memory, several memories,
// relaxed SIMD, legacy exceptions and components are refused by name, with
// ErrUnsupported. A module is hostile until proved otherwise: nothing is allocated on
// the word of a count, and nothing recurses.
//
// https://webassembly.github.io/spec/core/binary/index.html
// https://webassembly.github.io/spec/core/valid/index.html
package wasmparse
