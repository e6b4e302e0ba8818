// Package toolchains tests that the tools of other languages build artifacts and run them:
// cargo, asc and npm, make with C and Go, each on a real project, with the commands as they
// are installed. It needs the compilers, which testdata/guests.mk installs: make toolchains
// runs it.
package toolchains
