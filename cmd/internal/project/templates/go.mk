# Builds the Go program of this module for lunatic-run, an artifact of lunatic-build.
# `lunatic-run init` wrote it; set in your Makefile, before the line that includes it, what
# is different:
#
#   make lunatic                     build $(LUNATIC_PROGRAM)
#   make lunatic-run ARGS='a b'      run it
#   make lunatic-test                go test, with lunatic-run
#   make lunatic-clean               remove what was built

LUNATIC_PACKAGE ?= .
LUNATIC_PROGRAM ?= $(notdir $(CURDIR)).wasm
# Flags for go build and go test, lunatic-build and lunatic-run.
LUNATIC_GOFLAGS     ?= -trimpath
LUNATIC_BUILD_FLAGS ?= -q
LUNATIC_RUN_FLAGS   ?=

.PHONY: lunatic lunatic-run lunatic-test lunatic-clean lunatic-always
lunatic: $(LUNATIC_PROGRAM)

# It is go that knows what has changed.
.lunatic/linked.wasm: lunatic-always
	@mkdir -p .lunatic
	GOOS=wasip1 GOARCH=wasm go build $(LUNATIC_GOFLAGS) -o .lunatic/new.wasm $(LUNATIC_PACKAGE)
	@cmp -s .lunatic/new.wasm $@ || cp .lunatic/new.wasm $@

# The program appears when it is an artifact.
$(LUNATIC_PROGRAM): .lunatic/linked.wasm
	lunatic-build $(LUNATIC_BUILD_FLAGS) $< -o $@

lunatic-run: $(LUNATIC_PROGRAM)
	lunatic-run $(LUNATIC_RUN_FLAGS) $< $(ARGS)

# The tests see the files of this machine, as with go test; Go wants to know where it is.
lunatic-test:
	GOOS=wasip1 GOARCH=wasm go test $(LUNATIC_GOFLAGS) -exec 'lunatic-run --dir / --env-inherit' ./...

lunatic-clean:
	rm -rf .lunatic $(LUNATIC_PROGRAM)
