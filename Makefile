# What a developer needs, and all that CI runs. Go is enough for build, demo and test;
# `make setup` installs the rest (Debian).

GO          ?= go
# How long a fuzz target runs; empty means as many inputs as FUZZ_COUNTS says, about a
# minute's. CI counts: a target that ends by the clock now and then fails with "context
# deadline exceeded", which is Go's own.
FUZZTIME    ?=
FUZZ_COUNTS := FuzzDifferential=4000 FuzzBuild=200000 FuzzGenerateIsValid=300000 FuzzMeta=3000000 \
               FuzzHostCalls=30000 FuzzInspect=20000 FuzzDecode=100000 FuzzOutput=200000 FuzzTranslate=200000 FuzzSanitize=60000 FuzzParseRule=200000 FuzzReadBinds=200000
FUZZ_COUNT  := 1000000
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Not --enable-all: it takes in typed references, of which Debian's has half.
WAT2WASM    := wat2wasm --enable-tail-call --enable-extended-const --enable-threads --enable-exceptions --debug-names

# GOOS/GOARCH that `make check` compiles for.
PLATFORMS := linux/amd64 linux/arm64 linux/386 darwin/arm64 windows/amd64

# Debian packages, or commands of the same name from elsewhere: the race detector, assembling goldens, rebuilding the guests,
# measuring Binaryen and Erlang, reading completions and man pages. testdata/guests.mk has more.
APT := binaryen clang-19 erlang-base fish gcc git groff libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 \
       libc6-dev libclang-rt-19-dev-wasm32 lld-19 npm wabt wasi-libc zsh

# What lunatic-run is optimized for; go build finds it there. Without it here, lunatic-bench
# would measure another runtime.
PGO := cmd/lunatic-run/default.pgo
# With it every package is compiled twice: tests and checks do without.
export GOFLAGS := $(strip $(GOFLAGS) -pgo=off)

# Packages that ./... leaves out.
TESTDATA := ./testdata/demo ./testdata/dist ./testdata/modules

.PHONY: help
help:
	@sed -n 's/^##: //p' $(MAKEFILE_LIST)

##: build        the commands, into bin/
.PHONY: build
build:
	$(GO) build -trimpath -pgo=$(PGO) -o bin/ ./cmd/...

##: install      the commands, into $GOBIN
.PHONY: install
install:
	$(GO) install -trimpath -pgo=auto ./cmd/...

# What the commands of an archive print as their version, and the time of its files.
VERSION ?= $(shell git describe --tags --always --dirty 2> /dev/null || echo devel)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2> /dev/null || echo 0)
DIST := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
##: dist         archives with static binaries for other machines, and SHA256SUMS, into dist/
.PHONY: dist
dist:
	$(GO) run ./testdata/dist -version $(VERSION) -time $(SOURCE_DATE_EPOCH) -o dist $(DIST)

##: man          the man pages, into dist/man
.PHONY: man
man: build
	@mkdir -p dist/man
	@set -e; for program in lunatic-build lunatic-run; do \
		bin/$$program help --man > dist/man/$$program.1; \
		for word in $$(bin/$$program help --words); do \
			bin/$$program help --man $$word > dist/man/$$program-$$word.1; \
		done; \
	done

##: demo         instrument the programs of testdata/modules, run them, say what it shows
.PHONY: demo
demo: build
	@$(GO) run ./testdata/demo -bin bin

##: test         everything that needs nothing but Go
.PHONY: test
test:
	$(GO) test -timeout 15m ./... $(TESTDATA)

##: spec         the WebAssembly specification's test suites alone
.PHONY: spec
spec:
	$(GO) test -timeout 15m -run 'Spec' ./...

##: race         the tests under the race detector (short ones)
.PHONY: race
race:
	$(GO) test -race -short -timeout 20m ./...

# For how long; `make soak SOAK=1h`.
SOAK ?= 30s
##: soak         processes that do at random what there is to do, under the race detector
.PHONY: soak
soak:
	$(GO) run -race ./cmd/lunatic-bench soak -t $(SOAK)

##: fuzz         every fuzz target for about a minute, or FUZZTIME
.PHONY: fuzz
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
		targets=$$($(GO) test -list '^Fuzz' $$pkg); \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			count=$(FUZZ_COUNT); \
			for c in $(FUZZ_COUNTS); do test "$${c%=*}" != $$target || count=$${c#*=}; done; \
			time=$(FUZZTIME); time=$${time:-$${count}x}; \
			echo "$$target ($$pkg), $$time"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$time -fuzzminimizetime 5x -timeout 15m $$pkg; \
		done; \
	done

# transform/testdata has modules that take other assemblers, and a Makefile of its own. A
# golden may name one: the line ";; assembler: PACKAGE@VERSION COMMAND", from npm.
GOLDEN_WAT := '*.wat' ':!transform/testdata/spec' ':!transform/testdata/traps'
ASSEMBLER   = assemble=$$(sed -n 's/^;; assembler: /npx --yes -p /p' $$wat); assemble=$${assemble:-$(WAT2WASM)}

##: golden       assemble the .wat files again, rewrite the golden files
.PHONY: golden
golden:
	@set -e; for wat in $$(git ls-files $(GOLDEN_WAT)); do \
		$(ASSEMBLER); echo "$$assemble $$wat"; $$assemble $$wat -o $${wat%.wat}.wasm; \
	done
	@set -e; for pkg in $$(git grep -l 'flag.Bool("update"' -- '*_test.go' | xargs -r -n1 dirname | sort -u); do \
		$(GO) test ./$$pkg -update; \
	done

##: check        formatting, vet, staticcheck, go.mod, goldens, imports, other platforms
.PHONY: check check-format check-vet check-mod check-golden check-platforms
check:
	@mkdir -p .cache && git status --porcelain > .cache/check-before
	@$(MAKE) --no-print-directory check-format check-vet check-mod check-golden check-platforms
	$(GO) test -run '^TestImports$$' ./cmd/lunatic-build
	@git status --porcelain | diff .cache/check-before - || { echo 'make check changed the files above'; exit 1; }

check-format:
	@files=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$files" || { echo "not formatted: $$files"; exit 1; }

check-vet:
	$(GO) vet ./... $(TESTDATA) $(TOOLCHAINS)
	$(GO) run $(STATICCHECK) ./... $(TESTDATA) $(TOOLCHAINS)

check-mod:
	$(GO) mod tidy -diff
	$(GO) mod verify

# A golden file that is out of date fails its test; a .wasm file that is not what its
# .wat file assembles to fails here, where the assembler is installed.
check-golden:
	@command -v wat2wasm > /dev/null || { echo 'no wat2wasm: the .wasm files of goldens are not compared'; exit 0; }; \
	for wat in $$(git ls-files $(GOLDEN_WAT)); do \
		$(ASSEMBLER); test "$$assemble" = "$(WAT2WASM)" || continue; \
		$(WAT2WASM) $$wat --output=- | cmp - $${wat%.wat}.wasm || { echo "$${wat%.wat}.wasm is stale: make golden"; exit 1; }; \
	done

check-platforms:
	@set -e; for p in $(PLATFORMS); do \
		echo "GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./...; \
	done

# They need qemu-user-static, and take seven minutes. qemu keeps a note of every page of address
# space, for which the limit is.
##: arm64        the short tests of what runs on wazero's other compiler, emulated
.PHONY: arm64
arm64:
	@set -e; command -v qemu-aarch64-static > /dev/null || { echo 'qemu-user-static is missing'; exit 1; }; \
	ulimit -v 24000000; \
	for pkg in ./asyncify ./transform ./runner ./testdata/modules; do \
		CGO_ENABLED=0 GOARCH=arm64 $(GO) test -exec qemu-aarch64-static -short -timeout 30m $$pkg; \
	done

##: docs-test    run the commands of the documents (docs/doctest has the list)
.PHONY: docs-test
docs-test:
	PATH="$(guest_debian)/usr/bin:$$PATH" LD_LIBRARY_PATH=$(guest_debian)/usr/lib/x86_64-linux-gnu DOCS_TEST=all $(GO) test -count=1 -timeout 30m ./docs/doctest

# Rounds of each measurement.
ROUNDS ?= 5
##: bench        all measurements, into docs/bench and README.md (ROUNDS=N; with wasm-opt, erl, wrk)
.PHONY: bench bench-check
bench: build
	@set -e; for c in overhead suspend size build runtime serve; do bin/lunatic-bench $$c -rounds $(ROUNDS) -out docs/bench; done

##: pgo          profile the runtime again, for the compiler
.PHONY: pgo
pgo:
	@rm -rf .cache/pgo && mkdir -p .cache/pgo/profiles
	$(GO) build -pgo=off -o .cache/pgo/ ./cmd/lunatic-bench
	.cache/pgo/lunatic-bench runtime -rounds 1 -profiles .cache/pgo/profiles
	$(GO) tool pprof -proto -output $(PGO) .cache/pgo/profiles/*.prof

##: bench-check  sizes, counts and ratios of time that must not grow (testdata/bench/ratios.json)
bench-check: build
	bin/lunatic-bench check

##: guests       rebuild testdata/modules from source and compare what they do
.PHONY: guests

##: examples     build the programs of examples/ from source and try them
.PHONY: examples

##: setup        install what CI needs beside Go (Debian; apt only if something is missing)
.PHONY: setup
setup:
	$(GO) mod download
	@command -v dpkg-query > /dev/null || { echo 'not a Debian system; needed by name there: $(APT)'; exit 0; }; \
	missing=$$(for p in $(APT); do \
		command -v $$p > /dev/null || dpkg-query -W -f '$${Status}' $$p 2> /dev/null | grep -q ' installed$$' || echo $$p; \
	done); \
	test -z "$$missing" || { \
		sudo=; test $$(id -u) = 0 || sudo=sudo; \
		$$sudo apt-get -q update && \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $$missing; \
	}

##: ci           what CI runs
.PHONY: ci
ci:
	$(MAKE) setup guests-setup
	$(MAKE) check
	$(MAKE) test
	$(MAKE) race
	$(MAKE) soak
	$(MAKE) demo
	$(MAKE) guests
	$(MAKE) toolchains
	$(MAKE) libs
	$(MAKE) examples
	$(MAKE) docs-test
	$(MAKE) bench-check
	$(MAKE) fuzz
	@test -z "$$(git status --porcelain)" || { git status --short; echo 'the build has changed files of the repository'; exit 1; }

##: clean        what was built
.PHONY: clean
clean:
	rm -rf bin dist

-include testdata/bench.mk
-include testdata/toolchains/toolchains.mk
-include testdata/guests.mk
-include rtlib/libs.mk
-include examples/http-cli/http-cli.mk
