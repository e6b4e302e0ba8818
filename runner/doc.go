// Package runner runs WebAssembly modules as processes that own nothing in common and
// send each other messages: many of them on a few workers.
//
// It imports package rtlib, the contract with lunatic-build, and wazero; it knows
// nothing of how modules are rewritten. The host functions that guests call are in
// package host, beside it.
//
// Start with Runtime for running programs, with Guest for the mechanism alone, and
// with Func for functions of one's own. What happens to a process:
//
//	Environment.Spawn   instantiates the module, puts the process in a run queue
//	worker              takes it, drains its signals, calls or resumes its Guest
//	host function       has to wait: Process.Wait asks Guest.Suspend for an unwind
//	Guest               saves the frames; the worker takes the next process
//	signal, timer, Wake put the process back in a run queue
//
// A process that waits costs its instance, its frames and its mailbox: no goroutine,
// no stack. Where the stack cannot be unwound (Refusal says why) the process keeps its
// goroutine and hands its worker to another one; nothing else changes.
//
// # Host functions
//
// A host function is called on the process's own goroutine. One that can answer at
// once does so. One that has to wait calls Process.Wait, or Process.Async with the work
// to be done on another goroutine, as the last thing it does. Misuse by the guest is
// Process.Fail, which does not return.
//
// # Ends
//
// A trap, a panic in a host function, or a kill ends one process; those linked with it
// or monitoring it are told, and nobody else notices. The end of the process that Run
// has started ends its environment.
package runner
