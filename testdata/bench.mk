# Rebuilds what testdata/bench holds: `make -f testdata/bench.mk bench-guests` from the
# root of the project. The results are checked in; nobody needs this to run the
# benchmarks. Debian: clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 gcc.

BENCH     := testdata/bench
BENCH_CC  ?= clang-19
BENCH_NATIVE ?= gcc
BENCH_TMP ?= .cache/bench

BENCH_WASM   := --target=wasm32 -mcpu=mvp -mbulk-memory -msign-ext -mnontrapping-fptoint -mmutable-globals -O2 -ffp-contract=off
BENCH_KERNEL := $(BENCH_WASM) -std=c17 -ffreestanding -fno-builtin -Wall -Wextra -Wno-unused-parameter
# Linked without -O: with it clang runs wasm-opt over the result if there happens to be
# one, which changes the code and drops the names.
BENCH_LD     := $(BENCH_CC) --target=wasm32 -nostdlib -Wl,--no-entry
BENCH_WASILD := $(BENCH_CC) --target=wasm32-wasi -mexec-model=reactor -Wl,-z,stack-size=262144 -Wl,--strip-debug,--keep-section=name
BENCH_NAMES  := $(sort $(basename $(notdir $(filter-out %/native.c,$(wildcard $(BENCH)/kernels/*.c)))))

.PHONY: bench-guests bench-kernels
bench-guests: bench-kernels

bench-kernels: $(BENCH_NAMES:%=$(BENCH)/kernels/%.wasm) $(BENCH)/kernels/expected.txt

$(BENCH)/kernels/%.wasm: $(BENCH)/kernels/%.c $(BENCH)/kernels/kernel.h
	@mkdir -p $(BENCH_TMP)
	$(BENCH_CC) $(BENCH_KERNEL) -c -o $(BENCH_TMP)/$*.o $<
	$(BENCH_LD) -o $@ $(BENCH_TMP)/$*.o
	chmod -x $@

# The second source of the checksums: another compiler, another machine language.
$(BENCH_TMP)/%.line: $(BENCH)/kernels/%.c $(BENCH)/kernels/kernel.h $(BENCH)/kernels/native.c
	@mkdir -p $(BENCH_TMP)
	$(BENCH_NATIVE) -std=gnu17 -O1 -ffp-contract=off -o $(BENCH_TMP)/$* $< $(BENCH)/kernels/native.c -lm
	timeout 60 $(BENCH_TMP)/$* $* > $@

$(BENCH)/kernels/expected.txt: $(BENCH_NAMES:%=$(BENCH_TMP)/%.line)
	cat $^ > $@

# Whole programs: Lua 5.4.4 and SQLite 3.40.1, from Debian's source packages. A newer
# Debian has newer ones; the checksums tell.
BENCH_PROGRAM  := --target=wasm32-wasi -mcpu=mvp -mbulk-memory -msign-ext -mnontrapping-fptoint -mmutable-globals -O2 -ffp-contract=off -D_WASI_EMULATED_SIGNAL
BENCH_LUA_SRC  := lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm lundump lvm lzio lauxlib lbaselib ltablib lstrlib lmathlib
BENCH_SQLITE_D := -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_OMIT_LOCALTIME -DSQLITE_TEMP_STORE=3 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_OMIT_DEPRECATED -DSQLITE_DQS=0 -DNDEBUG
BENCH_APT      := $(abspath $(BENCH_TMP))/apt

.PHONY: bench-programs
bench-guests: bench-programs
bench-programs: $(BENCH)/programs/lua/lua.wasm $(BENCH)/programs/sqlite/sqlite.wasm $(BENCH)/programs/expected.txt

# Source packages are fetched with a list of our own: nothing of the system's is changed.
$(BENCH_APT)/update:
	mkdir -p $(BENCH_APT)/lists/partial $(BENCH_APT)/cache/archives/partial
	echo 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' > $(BENCH_APT)/sources.list
	printf '%s\n' 'Dir::Etc::sourcelist "$(BENCH_APT)/sources.list";' 'Dir::Etc::sourceparts "-";' 'Dir::State::lists "$(BENCH_APT)/lists";' 'Dir::Cache "$(BENCH_APT)/cache";' > $(BENCH_APT)/apt.conf
	APT_CONFIG=$(BENCH_APT)/apt.conf apt-get -q update
	touch $@

$(BENCH_TMP)/lua5.4/ready $(BENCH_TMP)/sqlite3/ready: $(BENCH_TMP)/%/ready: $(BENCH_APT)/update
	rm -rf $(BENCH_TMP)/$*
	mkdir -p $(BENCH_TMP)/$*
	cd $(BENCH_TMP)/$* && APT_CONFIG=$(BENCH_APT)/apt.conf apt-get -q source --download-only $* && mkdir src && tar xf *.orig.tar.*z -C src --strip-components=1
	touch $@

$(BENCH_TMP)/sqlite3/src/bld/sqlite3.c: $(BENCH_TMP)/sqlite3/ready
	mkdir -p $(@D)
	cd $(@D) && ../configure --disable-tcl > /dev/null && $(MAKE) sqlite3.c > /dev/null

# Lua's scripts as a header of character constants.
$(BENCH_TMP)/lua/scripts.h: $(wildcard $(BENCH)/programs/lua/*.lua)
	@mkdir -p $(@D)
	for f in $^; do printf '#define LUA_%s ' $$(basename $$f .lua); od -An -v -tu1 $$f | tr -s ' \n' ',' | sed 's/^,//; s/,$$//'; echo; done > $@

BENCH_LUA_ALL = -include $(BENCH)/programs/lua/port.h -I$(BENCH)/programs/lua/include -I$(BENCH_TMP)/lua -I$(BENCH_TMP)/lua5.4/src/src $(BENCH)/programs/lua/driver.c $(BENCH_LUA_SRC:%=$(BENCH_TMP)/lua5.4/src/src/%.c) -lm
BENCH_SQLITE_ALL = $(BENCH_SQLITE_D) -I$(BENCH_TMP)/sqlite3/src/bld $(BENCH)/programs/sqlite/driver.c $(BENCH_TMP)/sqlite3/src/bld/sqlite3.c

$(BENCH)/programs/lua/lua.wasm: $(BENCH_TMP)/lua5.4/ready $(BENCH_TMP)/lua/scripts.h $(wildcard $(BENCH)/programs/lua/*.[ch]) $(BENCH)/programs/program.h
	mkdir -p $(BENCH_TMP)/lua-o
	for f in $(filter %.c,$(BENCH_LUA_ALL)); do $(BENCH_CC) $(BENCH_PROGRAM) $(filter-out %.c -lm,$(BENCH_LUA_ALL)) -c -o $(BENCH_TMP)/lua-o/$$(basename $$f .c).o $$f || exit 1; done
	$(BENCH_WASILD) -o $@ $(BENCH_TMP)/lua-o/*.o -lwasi-emulated-signal
	chmod -x $@

$(BENCH)/programs/sqlite/sqlite.wasm: $(BENCH_TMP)/sqlite3/src/bld/sqlite3.c $(BENCH)/programs/sqlite/driver.c $(BENCH)/programs/program.h
	mkdir -p $(BENCH_TMP)/sqlite-o
	for f in $(filter %.c,$(BENCH_SQLITE_ALL)); do $(BENCH_CC) $(BENCH_PROGRAM) $(filter-out %.c,$(BENCH_SQLITE_ALL)) -c -o $(BENCH_TMP)/sqlite-o/$$(basename $$f .c).o $$f || exit 1; done
	$(BENCH_WASILD) -o $@ $(BENCH_TMP)/sqlite-o/*.o
	chmod -x $@

$(BENCH)/programs/expected.txt: $(BENCH)/programs/lua/lua.wasm $(BENCH)/programs/sqlite/sqlite.wasm
	$(BENCH_NATIVE) -std=gnu17 -O1 -ffp-contract=off -o $(BENCH_TMP)/native-lua $(BENCH_LUA_ALL)
	$(BENCH_NATIVE) -std=gnu17 -O1 -ffp-contract=off -o $(BENCH_TMP)/native-sqlite $(BENCH_SQLITE_ALL)
	timeout 60 $(BENCH_TMP)/native-lua > $@.tmp
	timeout 60 $(BENCH_TMP)/native-sqlite >> $@.tmp
	mv $@.tmp $@

bench-guests: $(BENCH)/suspend/deep.wasm
$(BENCH)/suspend/%.wasm: $(BENCH)/suspend/%.c $(BENCH)/kernels/kernel.h
	@mkdir -p $(BENCH_TMP)
	$(BENCH_CC) $(BENCH_KERNEL) -c -o $(BENCH_TMP)/$*.o $<
	$(BENCH_LD) -o $@ $(BENCH_TMP)/$*.o
	chmod -x $@

# Guests of lunatic-bench runtime: no more than they need. 1 MiB of memory, of which one
# page is touched: the stack lies in it, above the data.
BENCH_RUNTIME := $(basename $(notdir $(wildcard $(BENCH)/runtime/*.c)))
# Those that are built a second time, with one host call for each message.
BENCH_DATA    := pingpong ring spawn
bench-guests: bench-runtime
.PHONY: bench-runtime
bench-runtime: $(BENCH_RUNTIME:%=$(BENCH)/runtime/%.wasm) $(BENCH_DATA:%=$(BENCH)/runtime/%-data.wasm)
define bench_runtime
	@mkdir -p $(BENCH_TMP)
	$(BENCH_CC) $(BENCH_KERNEL) $(1) -c -o $(BENCH_TMP)/runtime-$*.o $<
	$(BENCH_LD) -Wl,-z,stack-size=2048 -Wl,--initial-memory=1048576 -o $@ $(BENCH_TMP)/runtime-$*.o
	chmod -x $@
endef
$(BENCH)/runtime/%.wasm: $(BENCH)/runtime/%.c $(BENCH)/runtime/process.h
	$(call bench_runtime)
$(BENCH)/runtime/%-data.wasm: $(BENCH)/runtime/%.c $(BENCH)/runtime/process.h
	$(call bench_runtime,-DDATA)
