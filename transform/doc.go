// Package transform turns a module into an artifact: it runs the passes in order.
//
// It does not decode or encode (wasmparse, wasmencode), and does not know how a
// function suspends (asyncify). Start with Build.
//
//	analyze    parse; scan all bodies; which functions may suspend, which may throw,
//	           where reductions are charged; indices of all that is added
//	rewrite    each function on its own, in parallel: decode, lower exceptions, validate
//	           and charge reductions, then asyncify: the fast clone and the resume clone
//	assemble   number the helpers, collect the clones, metadata
//	write      the patched module, section by section
//
// The order of the passes: exceptions become plain branches first, so that charges and
// suspension need not know them; charges come before asyncify because their cold call
// may itself suspend.
package transform
