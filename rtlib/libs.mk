# The guest libraries: their programs, from source, and their tests. To be included by the Makefile
# behind testdata/guests.mk, which names and installs the compilers (guests-setup).
#
#   libs         build everything into LIBS_OUT and test it, plainly and under every stress
#   libs-build   only build
#
# A language has a section here. It says
#
#   libs-build: FILES       its program of rtlib/behaviour, $(LIBS_OUT)/LANGUAGE.wasm, and what else
#                           its own tests want, in $(LIBS_OUT)/LANGUAGE/
#   libs_tests += PACKAGE   its own tests, a Go package that knows the flag -dir
#
# and has a row in rtlib/behaviour/behaviour_test.go.

LIBS_OUT ?= .cache/libs
libs_tests := ./rtlib/behaviour

##: libs         build the guest libraries' programs from source, run them
.PHONY: libs libs-build
libs: libs-build
	$(GO) test -count=1 -timeout 20m $(libs_tests) -dir $(abspath $(LIBS_OUT))

# ---- C: the scenarios, and the tests of rtlib/c

libs_c       := library modules network permissions sockets
libs_cflags  := $(guest_target) -O2 -Wall -Wextra -Werror
libs_ldflags := $(guest_ldflags) -Wl,-z,stack-size=65536

libs-build: $(LIBS_OUT)/c.wasm $(libs_c:%=$(LIBS_OUT)/c/%.wasm) $(LIBS_OUT)/c/adder.wasm $(LIBS_OUT)/c/cplusplus.wasm
libs_tests += ./rtlib/c/tests/run

$(LIBS_OUT)/c/%.o: rtlib/c/%.c rtlib/c/lunatic.h rtlib/c/tests/test.h
	@mkdir -p $(@D)
	$(GUEST_CC) $(libs_cflags) -std=c11 -c $< -o $@

$(LIBS_OUT)/c.wasm: $(LIBS_OUT)/c/tests/behaviour.o $(LIBS_OUT)/c/lunatic.o
	$(GUEST_CC) $(libs_ldflags) $^ -o $@

$(libs_c:%=$(LIBS_OUT)/c/%.wasm): $(LIBS_OUT)/c/%.wasm: $(LIBS_OUT)/c/tests/%.o $(LIBS_OUT)/c/lunatic.o
	$(GUEST_CC) $(libs_ldflags) $^ -o $@

$(LIBS_OUT)/c/adder.wasm: $(LIBS_OUT)/c/tests/adder.o $(LIBS_OUT)/c/lunatic.o
	$(GUEST_CC) $(libs_ldflags) -mexec-model=reactor $^ -o $@

$(LIBS_OUT)/c/cplusplus.wasm: rtlib/c/tests/cplusplus.cc $(LIBS_OUT)/c/lunatic.o
	$(GUEST_CXX) $(libs_cflags) -std=c++17 -fno-exceptions -c $< -o $(@:.wasm=.o)
	$(GUEST_CXX) $(libs_ldflags) $(@:.wasm=.o) $(LIBS_OUT)/c/lunatic.o -o $@

# The plugins of examples/sandbox.
libs-build: libs-sandbox
libs_tests += ./examples/sandbox
.PHONY: libs-sandbox
libs-sandbox:
	$(MAKE) -C examples/sandbox/plugins DIR=$(abspath $(LIBS_OUT))/sandbox CC=$(GUEST_CC)

# ---- AssemblyScript: the scenarios, and the tests of rtlib/assemblyscript

libs_as       := rtlib/assemblyscript
libs_as_tests := messages globals memory modules network supervision memory_minimal memory_stub
libs_as_files := $(shell find $(libs_as) -name '*.ts' -o -name '*.json')
libs_asc       = $(guest_node)/asc --config $(libs_as)/tests/asconfig.json -O3 --debug

libs-build: $(LIBS_OUT)/assemblyscript.wasm $(libs_as_tests:%=$(LIBS_OUT)/assemblyscript/%.wasm)
libs_tests += ./$(libs_as)/tests/run

$(LIBS_OUT)/assemblyscript.wasm: $(libs_as_files) $(GUESTS_OUT)/node/.done
	$(libs_asc) $(libs_as)/tests/behaviour.ts -o $@

# NAME_RUNTIME is NAME with another runtime of asc.
$(libs_as_tests:%=$(LIBS_OUT)/assemblyscript/%.wasm): $(LIBS_OUT)/assemblyscript/%.wasm: $(libs_as_files) $(GUESTS_OUT)/node/.done
	$(libs_asc) $(libs_as)/tests/$(firstword $(subst _, ,$*)).ts --runtime $(or $(word 2,$(subst _, ,$*)),incremental) -o $@

# examples/pipeline, which finds the package lunatic as if npm had installed it.
libs-build: $(LIBS_OUT)/assemblyscript/pipeline.wasm
libs_tests += ./examples/pipeline
libs_as_packages := $(LIBS_OUT)/assemblyscript/packages

$(LIBS_OUT)/assemblyscript/pipeline.wasm: $(libs_as_files) $(wildcard examples/pipeline/assembly/*.ts) $(GUESTS_OUT)/node/.done
	@mkdir -p $(libs_as_packages)
	ln -sfn $(abspath $(libs_as)) $(libs_as_packages)/lunatic
	$(libs_asc) --path $(libs_as_packages) examples/pipeline/assembly/index.ts -o $@

# ---- Go: the go command knows what is up to date

.PHONY: libs-go
libs-build: libs-go
libs-go:
	@mkdir -p $(LIBS_OUT)
	GOOS=wasip1 GOARCH=wasm $(GO) build -trimpath -o $(LIBS_OUT)/go.wasm ./rtlib/go/behaviour

# ---- Rust: examples/behaviour, and the tests of the crate, which cargo runs with lunatic-run. The crate
# has no dependencies, so that nothing is fetched.

libs_rust  := $(abspath $(LIBS_OUT))/rust
libs_cargo := env LD_LIBRARY_PATH=$(guest_debian)/usr/lib/x86_64-linux-gnu RUSTC=$(guest_debian)/usr/bin/rustc \
	RUSTDOC=$(guest_debian)/usr/bin/rustdoc CARGO_HOME=$(libs_rust)/home CARGO_TARGET_DIR=$(libs_rust)/target RUSTFLAGS='-D warnings' \
	CARGO_TARGET_WASM32_WASI_LINKER=$(guest_debian)/usr/lib/llvm-14/bin/wasm-ld $(guest_debian)/usr/bin/cargo

libs-build: $(LIBS_OUT)/rust.wasm

$(LIBS_OUT)/rust.wasm: $(GUESTS_OUT)/debian/.cargo-done $(shell find rtlib/rust -name '*.rs' -o -name Cargo.toml)
	cd rtlib/rust && $(libs_cargo) build --offline --release --target wasm32-wasi --example behaviour
	cp $(libs_rust)/target/wasm32-wasi/release/examples/behaviour.wasm $@

# The example that is written in Rust.
libs-build: $(LIBS_OUT)/rust/chat.wasm
libs_tests += ./examples/chat

$(LIBS_OUT)/rust/chat.wasm: $(LIBS_OUT)/rust.wasm $(wildcard examples/chat/src/*.rs examples/chat/Cargo.*)
	cd examples/chat && $(libs_cargo) build --offline --release --target wasm32-wasi
	cp $(libs_rust)/target/wasm32-wasi/release/chat.wasm $@

# The examples in the documentation are compiled for this machine, and not run: rustdoc 1.63 cannot do it
# for another one.
.PHONY: libs-rust
libs: libs-rust
libs-rust: build $(LIBS_OUT)/rust.wasm
	set -e; for stress in '' --stress=suspend --stress=yield --stress=all; do \
		echo "cargo test $$stress"; \
		( CARGO_TARGET_WASM32_WASI_RUNNER="$(abspath bin)/lunatic-run --dir . $$stress"; export CARGO_TARGET_WASM32_WASI_RUNNER; \
		cd rtlib/rust && $(libs_cargo) test --offline --release --target wasm32-wasi --lib --tests -q ); \
	done
	cd rtlib/rust && $(libs_cargo) test --offline --doc -q
