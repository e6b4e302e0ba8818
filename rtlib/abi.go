// Package rtlib is the contract between lunatic-build, which rewrites a module,
// and a runtime that runs the result: reserved names, the values of the budget,
// the layout of a frame, and the metadata an artifact carries.
//
// It imports nothing, so that both sides can depend on it. The guest libraries
// live in folders beside this file. Start with the constants below; Meta is what
// is written into the artifact's custom section.
//
// The protocol, from the runtime's side:
//
//	run:      call an export. When it returns, read Budget:
//	          >= 0        finished, the results are real
//	          Unwinding   the guest has left through its frames, see "suspend"
//	          Throwing    an exception on its way out: a trap, unless the process has saved
//	                      frames, of which the next one is then resumed
//	suspend:  (inside a suspending import) copy guest memory [0, W) aside, see that FP is
//	          W, remember Budget, set it to Unwinding, return anything. When the
//	          outermost call has returned, memory [FP, W) holds the new frames,
//	          outermost first: append them to the process's frame stack, put the
//	          saved bytes back.
//	resume:   pop the innermost frame (the last FrameHeader bytes of the frame stack
//	          give site and size). Call Resume(clone, site, r, w0..., budget, fp) with r the
//	          bits of the first result of the call that the frame waits for, the budget that
//	          was remembered or a new one, and W. If the frame has
//	          at most SmallFrame bytes, w0 and so on are its bytes without the header,
//	          eight in each. If it is larger, copy guest memory [0, size) aside and
//	          write the frame there; the guest loads its values and calls Window, upon
//	          which the runtime puts the saved bytes back. Resume returns r, Budget and FP.
//	          Look at Budget as above; finished means: go on with the next frame, its r and
//	          its budget are what Resume returned.
package rtlib

// Version is the version of this contract. An artifact of another version is not
// run: frames and names may differ.
const Version = 3

// ImportModule is the module name of the reserved imports.
const ImportModule = "lunatic::rt"

// The reserved imports. All have type [] -> []. A runtime that never suspends and
// never preempts may supply functions that do nothing.
const (
	// ImportPreempt is called when the budget is used up, after it has been refilled
	// from Slice. The runtime may park the process inside the call.
	ImportPreempt = "preempt"
	// ImportPreemptUnwind is the same at a place where the runtime may also suspend
	// the process by unwinding, exactly as in a suspending import.
	ImportPreemptUnwind = "preempt_unwind"
	// ImportWindow is called while unwinding, when the next frame does not fit below
	// FP: the runtime takes the frames [FP, W) and sets FP to W again (what comes
	// later belongs outside, that is below, what was taken). It is called while
	// resuming when the values of a large frame have been loaded: the runtime puts the
	// bytes of the guest back.
	ImportWindow = "window"
)

// The reserved exports. Globals are mutable.
const (
	// ExportBudget is the i32 global that holds what is left of the time slice, in
	// reductions; its sign says whether the process runs.
	ExportBudget = "__lunatic_budget"
	// ExportSlice is the i32 global from which an exhausted budget is refilled.
	ExportSlice = "__lunatic_slice"
	// ExportFP is the i32 global that holds the lowest address written in the window.
	ExportFP = "__lunatic_fp"
	// ExportPinned is the i32 global that counts the frames on the stack that cannot
	// be unwound. While it is not zero the runtime parks instead. It is missing where every
	// frame can be.
	ExportPinned = "__lunatic_pinned"
	// ExportResume is the function
	// [clone i32, site i32, r i64, w0 i64, ..., budget i32, fp i32] -> [r i64, budget i32, fp i32]
	// that resumes one frame. It has ResumeWords parameters w. Budget and FP are set to
	// the parameters first and returned in the end: globals are slow to reach from outside.
	ExportResume = "__lunatic_resume"
	// ExportResult is the prefix of the i64 globals that hold what does not fit in r:
	// __lunatic_r1 the second result (or the upper half of a v128 in the first
	// place), and so on in order, two for a v128.
	// References do not count: they have globals of their own, see ExportRef.
	ExportResult = "__lunatic_r"
	// ExportRef is the prefix of the globals that hold results that are references:
	// __lunatic_ref_externref1 the first externref among the results of a function,
	// __lunatic_ref_funcref1 the first funcref, and so on.
	ExportRef = "__lunatic_ref_"
	// ExportState is the prefix of the names under which a module that may be reused (see
	// Meta.Reusable) exports its own mutable globals: __lunatic_state0, __lunatic_state1 and
	// so on, in the order of their indices. All are i32, i64, f32 or f64.
	ExportState = "__lunatic_state"
)

// MaxState is the number of mutable globals that a module which may be reused has at most.
const MaxState = 64

// Values of the budget below zero.
const (
	// Unwinding says that the stack is being left, or has been.
	Unwinding int32 = -1 << 31
	// Throwing says that an exception is on its way to its handler.
	Throwing int32 = -1<<31 + 1
)

// FrameHeader is the number of bytes at the high end of every frame: the number of
// the site (u32 little-endian) and the size of the whole frame in bytes, header
// included (u32).
const FrameHeader = 8

// ResumeWords is how many words of a frame are handed to Resume: lending memory for it costs
// a host call more, and most frames have a few values.
const ResumeWords = 4

// SmallFrame is the size in bytes, header included, of the largest frame that is handed to
// Resume and not put into memory.
const SmallFrame = FrameHeader + 8*ResumeWords

// Window is the least number of bytes a runtime lends: no frame is larger.
const Window = 1024

// InstrsPerReduction is how many instructions make a reduction, the unit of the budget,
// about: a slice of 100,000 reductions lasts a fraction of a millisecond.
const InstrsPerReduction = 32

// Page is the size of a page of linear memory in bytes.
const Page = 65536

// Name prefixes and sections.
const (
	// Reserved starts every name this project adds to a module.
	Reserved = "__lunatic_"
	// SectionMeta is the name of the custom section that holds an encoded Meta.
	SectionMeta = "lunatic"
	// ResumeSuffix is appended to a function's name to name its resume clone.
	ResumeSuffix = "$resume"
)
