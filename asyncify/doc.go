// Package asyncify rewrites functions so that a host can take a process off the stack
// in the middle of a call and put it back later.
//
// It finds out which functions may suspend (Scan, Graph), rewrites them one at a time
// (Emitter), and checks the result without knowing how it was made (Check). It does not
// count reductions and does not know exceptions: package transform does both before,
// and hands over plain code. It does not know an engine or a runtime either; what it
// agrees on with the latter is in package rtlib. Start with Emitter.Prepare; read
// transform/testdata/golden/loop.wat beside loop.golden.
//
// # The idea
//
// A process suspends in an import. To take it off the stack, every function on the way
// out must leave and write down what it will need to go on; to put it back, something
// must go on from there. The state of it all is the sign of one global, the budget. For
// a function
//
//	func f(a) { x = g(a); y = wait(x); return h(a, y) }
//
// in which wait suspends, the fast clone takes the place of f. It is f, but that it
// looks behind calls that can come back unwinding:
//
//	func f(a) {
//	    x = g(a)                            // cannot suspend: untouched
//	    y = wait(x)
//	    if budget < 0 { spill(a, site 7); return anything }
//	    return h(a, y)                      // in tail position: untouched
//	}
//
// The resume clone is the rest of f behind each of its sites, as one function:
//
//	func f$resume(site, r) {
//	    a = load()
//	again:
//	    if site == 7 { goto behind7 }
//	    x = g(a)                            // only if a loop comes by here again
//	    r = wait(x); site = 7
//	    if budget < 0 { spill(a, site); return anything }
//	    goto again
//	behind7:
//	    y = r
//	    return h(a, y)
//	}
//
// Resuming does not rebuild the stack. The runtime takes the innermost frame, calls its
// clone with the result of the call that the frame was waiting for, and hands what the
// clone returns to the next frame's clone. Frames below stay as they are, bytes in a
// string, until their turn comes. If something suspends in between, the frames that
// were there remain, and new ones are put on top. So what it costs to suspend and
// resume is what has changed since the last time, and not how deep the stack is; no
// call is made twice; and there is no state of rewinding that running code would have
// to ask for.
//
// # Who may suspend
//
// A function may suspend if it can reach a suspending import. Graph takes this closure
// over direct calls and, for calls through tables and references, over types: such a
// call can reach every function of its type, by structure, whose reference is taken: in
// an element segment, in a global, under ref.func. If a table is imported or exported,
// exported functions count as well, as another module may put them there. A call that
// is not in the closure is not looked at, and costs nothing.
//
// A call that may suspend is a site, and gets a number: those of one function follow
// each other from Env.SiteBase. It is in tail position if all that follows is that the
// function returns what the call returned. Then nothing of the function is needed any
// more: it writes no frame and has no check, and the caller's frame waits for the
// callee's result. A function with no other sites needs no resume clone.
//
// # Frames
//
// A frame holds the locals that are live behind the site, and the operands that lie on
// the stack below the call's arguments. Which locals those are decides about the speed
// of the whole: saving all of them made an interpreter 1.4 times slower, saving live
// ones 1.05 times. The analysis is in live.go. An operand cannot be read from the
// middle of the stack, so it is copied to a local, a slot, where it is pushed; one slot
// serves all operands of a type at a height.
//
// The order of values in a frame follows their class (frame.go), not the function:
//
//	0        v128, 16 bytes each
//	         i64, then f64, 8 bytes each
//	         i32, then f32, 4 bytes each
//	         funcref, then externref: 4 bytes each, a slot of a private table, -1 for null
//	size-8   number of the site, u32
//	size-4   size, u32, this header included
//
// Nothing is aligned: the engine does not care, and a frame may lie anywhere. The header
// is at the high end, so that the runtime can read frames from the innermost one out,
// which is the one at the lowest address of the window: they are written downwards.
//
// How many values there are of each class is the frame's layout. Functions share, for
// every layout, a pair of helpers:
//
//	spill(site, values…)   p = FP - size; if p < 0 { window(); p = FP - size }
//	                       store all, the highest address first; FP = p
//	load() -> values…      load all from address 0 on; window()
//	                       of a small frame: take all from globals
//
// Runs of sites that save much the same values share one layout, the union, with zero for
// what is dead (plan.share). The clone then loads and spills it in one place for all.
//
// A site is then a few local.gets and a call instead of a store for every value. The
// highest address comes first since an engine that has checked it needs no check for
// the others. Memory is lent: window() makes the runtime take away what has been
// written, and go on from the top; or, for load, put the guest's own bytes back. A
// process that is suspended therefore has not one byte of its memory in use for this,
// and the guest's allocator may own it all.
//
// A small frame (rtlib.SmallFrame) does not take that way back: the runtime hands its bytes
// to the driver as parameters, which keeps them in globals for load. That saves lending
// memory and one host call for most frames, and half of the time that suspending and
// resuming takes.
//
// References cannot be stored in memory. They go to a private table for their type, at
// the first slot from its top; loading one clears its slot and lowers the top past
// cleared ones.
//
// # Results
//
// A clone takes and returns the bits of its function's first result as one i64, r, so
// that all clones have one type and lie in one table. What does not fit is handed over
// in exported globals: the other results, the upper half of a v128, and references,
// which the runtime cannot hold as bits. They are valid from the clone's return to
// where the next clone picks them up, right at its start.
//
// # The fast clone
//
// Behind the call stand a load, a comparison and a branch that is never taken. Frames
// are written out of line, behind the function's body, once for all sites at which the
// same values are live: see emitter.fast and exit.go. The shape matters more than the
// number of instructions. wazero takes the state of its registers at a join from the
// branch to it that it has met first; code for the rare case in an if that is joined with
// the usual one makes it keep in memory, always, what the rare case keeps there. Exits
// join each other only, and leave the allocation of registers alone.
//
// # The resume clone
//
// The clone has to get in behind a call in the middle of nested constructs, and
// WebAssembly has no goto: a label can only be left for, from inside its block. So where
// a construct with sites begins, the clone opens a label for each item in it, that is,
// each site and each construct that has sites; ends the label at the item; and
// dispatches on the site:
//
//	loop $top
//	  block $again [] -> [i32]
//	    block $b
//	      block $a                      ;; innermost: the first item's
//	        (on site: br $a, $b; else go on)
//	        …; call; r = its result; i32.const a; br $again
//	      end
//	      …                             ;; behind the call: the result is in r
//	    end
//	    …
//	  end
//	  site = the number on the operand stack
//	  (budget >= 0: br $top)
//	end
//	spill
//
// A construct that is branched to is entered in the ordinary way, by its opening
// instruction, and dispatches again inside; but for a block with one site, which is opened
// with the labels around, so that the way in leads right behind its site. Where a level begins with a construct the
// dispatch is left to that one, which is inside all the labels and can reach those
// further out: a switch, compiled to a thousand nested blocks, has one br_table. The
// condition of an if is replaced by which arm the site is in.
//
// Behind a call the clone does not go on; it stores the result and the number of the site,
// and dispatches as if it had been resumed there. So there is one way in behind each
// site, and one place in which the budget is looked at and the frame written. With two
// ways in, one of which has loaded the frame, each local would be two variables to the
// engine, which it merges at each site, in moves. Neighbouring sites come together at joins
// before they go there, see join.go.
//
// A loop with sites is its own $top, with an $again that its sites and its own back edges
// (as number -1) go to. Loops that take parameters are entered through their head
// instead, and set the site to -1 behind each way in.
//
// The operand stack is empty at every label of the clone's own, since blocks without a
// type are all that can be had in the middle of a function without new types. Operands
// around a construct or site are dropped before and fetched from their slots behind it.
//
// Code to which no site leads, such as what stands before the first one and outside of
// loops, is not written.
//
// # Pinned functions
//
// Some functions cannot be unwound. They raise a counter before a call that may suspend
// and lower it behind, and the runtime blocks the goroutine instead while it is not
// zero. So suspending never fails; it may cost more. A function is pinned if
//
//   - a value of a typed reference is live at a site, or a block with sites takes one:
//     what comes back from a table of funcref has lost its type;
//   - it returns such a value, which has no place between two frames;
//   - a frame would have more than 900 values (engines allow a function 1,000
//     parameters) or be larger than rtlib.Window;
//   - the analysis would take out of proportion long.
//
// A call of a function that returns such a value is no site: the callee is pinned too.
//
// # Invariants
//
//   - With a budget that is never negative, both clones do what the function did, in
//     the same order.
//   - Once the budget is negative, a function does nothing that can be observed before
//     it has left: it writes its frame and returns zeros. A caller that makes a check
//     leaves, too; one that makes none returns at once.
//   - A frame is written as often as a site is left, by whichever clone is on the
//     stack, and both write the same layout for the same site.
//   - The site in a frame is enough to go on: Meta maps it to the clone.
//   - In a frame, what is dead at its site may be anything.
//   - What a function is rewritten to depends on the function and on Env, not on who
//     was first: helpers are numbered by layout when all functions are done.
//   - Index spaces grow at their end only. The one exception, new imports, shifts the
//     functions before any of this begins.
//
// Check holds artifacts against all of these that can be seen in one.
//
// # Limits
//
// The table of resume clones is not seen by the guest. Its functions, however, are
// there in a trap's backtrace, with the suffix rtlib.ResumeSuffix.
//
// An exception that leaves a function that returns a reference that cannot be null has
// no such value to return. If it throws itself the build refuses it; if it only passes
// an exception on, it traps there.
//
// An import that returns a reference cannot suspend: the runtime has no place for the
// result. Function references that came from another module are taken to call what a
// table of ours could; a host that puts foreign functions that suspend into one must
// have the imports of both named.
//
// A recursion that ends in the engine's stack overflow without instrumentation may do
// so at another depth: frames of the machine stack have other sizes.
//
// # What was tried or considered, and refused
//
//   - One version of each function that can run, unwind and rewind, as Binaryen's
//     Asyncify does: every function on the stack is left and entered again at each
//     suspension. Measured on wazero, 0.3 us at depth 1 became 27 us at depth 1,000;
//     code that asks for the state everywhere made an SQLite 3 times slower.
//   - Stores and loads in place of helpers: 1.11 to 1.14 instead of 1.08 on an
//     interpreter, with charges, and an eighth more machine code.
//   - One set of saved locals for a function, the union over its sites: the large
//     function in which an interpreter lives has it all live somewhere.
//   - A stack of frames in the guest's memory: allocators take everything up to
//     memory.size, or expect it to grow without gaps. A second memory: wazero has none.
//   - Resuming by tail calls from clone to clone, without a driver: it would need the
//     runtime's frame stack inside the guest.
//   - Only parking, a goroutine for each waiting process: 10 KiB and more each, and
//     a stack that cannot be stored or sent.
package asyncify
