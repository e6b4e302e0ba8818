# The tools of other languages, on real projects: testdata/cargo, testdata/npm, and small ones
# of C and Go. To be included by the Makefile; testdata/guests.mk installs the compilers.
#
#   toolchains                            all of these
#   cargo-test, npm-test, make-test       one of them

TOOLCHAINS := ./testdata/toolchains

##: toolchains   projects of cargo, npm, C and Go, built and run by their own tools
.PHONY: toolchains cargo-test npm-test make-test
toolchains: build guests-setup
	$(GO) test -count=1 -timeout 20m $(TOOLCHAINS)

cargo-test npm-test make-test: build guests-setup
	$(GO) test -count=1 -timeout 20m $(TOOLCHAINS) -run 'TestScript/$(@:-test=)$$'
