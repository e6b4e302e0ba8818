// Package wasmtest helps to test what reads, writes and rewrites modules, as
// net/http/httptest does for HTTP: a reader of the specification's test scripts, a
// generator that turns any bytes into a valid module that terminates, and a pass
// that inserts calls at function entries and loop heads.
//
// It knows no engine. Start with LoadScript, Generate or InjectTicks.
package wasmtest
