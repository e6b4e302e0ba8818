# The guest programs of testdata/modules, from their sources. To be included by the Makefile, or used
# alone from the top of the repository: make -f testdata/guests.mk guests
#
#   guests-setup   install what the compilers need (Debian 12, root); quick when it is there
#   guests         compile all into GUESTS_OUT and run them: they must print what is checked in
#   guests-native  the second source of the outputs: the same programs built for this machine, and known.py
#   guests-update  compile all and check the results in
#
# A rebuilt module need not be the same bytes (the versions of compilers differ), it must behave the same.

GUESTS      ?= testdata/modules
GUESTS_OUT  ?= .cache/guests
# Runs the rebuilt modules in the folder $(GUESTS_OUT) and compares; any command that fails if they differ.
GUEST_RUN   ?= go test -count=1 -timeout 300s ./$(GUESTS) -dir $(abspath $(GUESTS_OUT))
GUEST_APT   ?= clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32
# Debian's own Rust, unpacked and not installed: it stands beside another Rust without a conflict.
GUEST_RUST  ?= rustc libstd-rust-1.63 libstd-rust-dev libstd-rust-dev-wasm32 libllvm14 lld-14
# Its cargo, and the libraries of it that other packages seldom bring.
GUEST_CARGO ?= cargo libgit2-1.5 libmbedcrypto7 libmbedtls14 libmbedx509-1 libhttp-parser2.9 libssh2-1
GUEST_CC    ?= clang-19
GUEST_CXX   ?= clang++-19
GUEST_GO    ?= go
SUDO        ?=

guest_debian := $(abspath $(GUESTS_OUT))/debian
guest_node   := $(GUESTS_OUT)/node/node_modules/.bin
guest_rustc  := LD_LIBRARY_PATH=$(guest_debian)/usr/lib/x86_64-linux-gnu $(guest_debian)/usr/bin/rustc
guest_target := --target=wasm32-wasi --sysroot=/usr
# Optimisation is asked for when compiling only: at linking it would make clang run whatever wasm-opt is
# installed, which drops the names.
guest_cflags := $(guest_target) -O2 -Wall -Wno-parentheses
guest_ldflags := $(guest_target) -Wl,--strip-debug -Wl,-z,stack-size=1048576
# No garbage collection feature: with it wasm-opt makes locals that cannot be null, on which wazero 1.12 panics.
guest_exnref := --enable-exception-handling --enable-reference-types --enable-multivalue --enable-bulk-memory \
	--enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int -g --translate-to-exnref

guest_c       := actors catch compress database json names sort suspend text wasi
guest_servers := chat http
guest_rust    := traits panics
guest_modules := $(guest_c) $(guest_servers) script objects exceptions $(guest_rust) collector goroutines
guest_wasm    := $(guest_modules:%=$(GUESTS_OUT)/%.wasm)

.PHONY: guests guests-setup guests-build guests-native guests-update

guests: guests-build
	$(GUEST_RUN)

guests-build: $(guest_wasm)

# No time stamps in the compressed file, so that the same module gives the same bytes.
guests-update: guests-build
	for m in $(filter-out goroutines,$(guest_modules)); do install -m 644 $(GUESTS_OUT)/$$m.wasm $(GUESTS)/ || exit 1; done
	gzip -9nc $(GUESTS_OUT)/goroutines.wasm >$(GUESTS)/goroutines.wasm.gz

# The C++ program with exceptions uses the machine's own unwinder here. A rustc for the machine is optional.
guests-native:
	@mkdir -p $(GUESTS_OUT)/native
	set -e; cd $(GUESTS); out=$(abspath $(GUESTS_OUT))/native; \
	for m in suspend json compress sort text; do cc -w -O1 c/$$m.c -o $$out/$$m -lm; done; \
	cc -w -O1 c/script.c c/script_text.c -o $$out/script -lm; \
	for m in objects exceptions; do c++ -w -O1 -std=c++20 cpp/$$m.cc -o $$out/$$m; done; \
	$(GUEST_GO) build -o $$out/goroutines ./go; \
	if rustc --version >/dev/null 2>&1; then for m in traits panics; do rustc -O --edition 2021 rust/$$m.rs -o $$out/$$m; done; fi; \
	for m in $$out/*; do n=$$(basename $$m); { $$m 2>/dev/null || true; } | cmp - $$n.out; echo "$$n: same"; done
	python3 $(GUESTS)/known.py

guests-setup: $(GUESTS_OUT)/debian/.cargo-done $(GUESTS_OUT)/node/.done
	@dpkg -s $(GUEST_APT) >/dev/null 2>&1 || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -qy --no-install-recommends $(GUEST_APT); }

$(GUESTS_OUT)/debian/.done: guest_debs = $(GUEST_RUST)
$(GUESTS_OUT)/debian/.cargo-done: guest_debs = $(GUEST_CARGO)
$(GUESTS_OUT)/debian/.cargo-done: $(GUESTS_OUT)/debian/.done
$(GUESTS_OUT)/debian/.done $(GUESTS_OUT)/debian/.cargo-done:
	mkdir -p $(@D)
	cd $(@D) && { apt-get download -q $(guest_debs) || { $(SUDO) apt-get update -q && apt-get download -q $(guest_debs); }; }
	cd $(@D) && for f in *.deb; do dpkg -x $$f . && rm $$f || exit 1; done
	touch $@

$(GUESTS_OUT)/node/.done: $(GUESTS)/assemblyscript/package.json $(GUESTS)/assemblyscript/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "guests: AssemblyScript needs node 20 and npm" >&2; exit 1; }
	mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(GUESTS_OUT)/%.o: $(GUESTS)/c/%.c $(wildcard $(GUESTS)/c/*.h $(GUESTS)/c/*.inc)
	@mkdir -p $(@D)
	$(GUEST_CC) $(guest_cflags) -c $< -o $@

$(GUESTS_OUT)/script.wasm: $(GUESTS_OUT)/script.o $(GUESTS_OUT)/script_text.o
	$(GUEST_CC) $(guest_ldflags) $^ -o $@

$(guest_c:%=$(GUESTS_OUT)/%.wasm): %.wasm: %.o
	$(GUEST_CC) $(guest_ldflags) $< -o $@

# Each client has a process or two: a small stack keeps their memory small.
$(guest_servers:%=$(GUESTS_OUT)/%.wasm): %.wasm: %.o
	$(GUEST_CC) $(guest_ldflags) -Wl,-z,stack-size=65536 $< -o $@

$(GUESTS_OUT)/objects.wasm: $(GUESTS)/cpp/objects.cc
	@mkdir -p $(@D)
	$(GUEST_CXX) $(guest_cflags) -std=c++20 -fno-exceptions -c $< -o $(@:.wasm=.o)
	$(GUEST_CXX) $(guest_ldflags) $(@:.wasm=.o) -o $@

# clang 19 knows the old encoding of exceptions only; wasm-opt (of the npm package binaryen, which
# assemblyscript brings) translates it to try_table.
$(GUESTS_OUT)/exceptions.wasm: $(GUESTS)/cpp/exceptions.cc $(GUESTS)/cpp/unwind.cc $(GUESTS_OUT)/node/.done
	@mkdir -p $(@D)
	$(GUEST_CXX) $(guest_cflags) -std=c++20 -fwasm-exceptions -c $(GUESTS)/cpp/exceptions.cc -o $(GUESTS_OUT)/exceptions.o
	$(GUEST_CXX) $(guest_cflags) -std=c++20 -fwasm-exceptions -c $(GUESTS)/cpp/unwind.cc -o $(GUESTS_OUT)/unwind.o
	$(GUEST_CXX) $(guest_ldflags) $(GUESTS_OUT)/exceptions.o $(GUESTS_OUT)/unwind.o -o $(GUESTS_OUT)/exceptions.legacy
	$(guest_node)/wasm-opt $(guest_exnref) $(GUESTS_OUT)/exceptions.legacy -o $@

$(guest_rust:%=$(GUESTS_OUT)/%.wasm): $(GUESTS_OUT)/%.wasm: $(GUESTS)/rust/%.rs $(GUESTS_OUT)/debian/.done
	cd $(<D) && $(guest_rustc) --target wasm32-wasi --edition 2021 -C opt-level=3 -C panic=abort -C codegen-units=1 \
		-C linker=$(guest_debian)/usr/lib/llvm-14/bin/wasm-ld -C link-arg=--strip-debug $(<F) -o $(abspath $@)

$(GUESTS_OUT)/collector.wasm: $(GUESTS)/assemblyscript/collector.ts $(GUESTS_OUT)/node/.done
	cd $(<D) && $(abspath $(guest_node))/asc $(<F) -o $(abspath $@) --runtime incremental -O3 --debug --use abort=collector/aborted

$(GUESTS_OUT)/goroutines.wasm: $(GUESTS)/go/main.go
	@mkdir -p $(@D)
	GOOS=wasip1 GOARCH=wasm $(GUEST_GO) build -trimpath -buildvcs=false -ldflags='-s -w' -o $@ ./$(GUESTS)/go

# The guest of hostile_test.go; the modules beside it are assembled by make golden.
guests-update: guests-hostile
.PHONY: guests-hostile
guests-hostile: $(GUESTS)/hostile/hostile.wasm
$(GUESTS)/hostile/hostile.wasm: $(GUESTS)/c/hostile.c $(GUESTS)/c/lunatic.h
	@mkdir -p $(GUESTS_OUT)
	$(GUEST_CC) $(guest_cflags) -c $< -o $(GUESTS_OUT)/hostile.o
	$(GUEST_CC) $(guest_ldflags) -mexec-model=reactor -Wl,-z,stack-size=65536 $(GUESTS_OUT)/hostile.o -o $@
	chmod -x $@
