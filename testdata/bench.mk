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

# Whole programs, from Debian's source packages, unmodified: Lua 5.4.4, SQLite 3.40.1, zlib
# 1.2.13, cJSON 1.7.15, PCRE2 10.42. A newer Debian has newer ones; the checksums tell.
# programs/NOTICE has their licences.
BENCH_PROGRAM  := --target=wasm32-wasi -mcpu=mvp -mbulk-memory -msign-ext -mnontrapping-fptoint -mmutable-globals -O2 -ffp-contract=off -D_WASI_EMULATED_SIGNAL
BENCH_PROGRAMS := lua sqlite zlib cjson pcre2
BENCH_APT      := $(abspath $(BENCH_TMP))/apt

# What the compilers, both, are given for a program: flags, and sources.
bench_flags_lua    = -include $(BENCH)/programs/lua/port.h -I$(BENCH)/programs/lua/include -I$(BENCH_TMP)/lua -I$(BENCH_TMP)/lua5.4/src/src
bench_src_lua      = $(BENCH)/programs/lua/driver.c $(patsubst %,$(BENCH_TMP)/lua5.4/src/src/%.c,lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm lundump lvm lzio lauxlib lbaselib ltablib lstrlib lmathlib)
bench_flags_sqlite = -I$(BENCH_TMP)/sqlite3/src/bld -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_OMIT_LOCALTIME -DSQLITE_TEMP_STORE=3 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_OMIT_DEPRECATED -DSQLITE_DQS=0 -DNDEBUG
bench_src_sqlite   = $(BENCH)/programs/sqlite/driver.c $(BENCH)/programs/sqlite/btree.c
bench_flags_zlib   = -I$(BENCH_TMP)/zlib/src -Wno-deprecated-non-prototype
bench_src_zlib     = $(BENCH)/programs/zlib/driver.c $(patsubst %,$(BENCH_TMP)/zlib/src/%.c,adler32 crc32 deflate inffast inflate inftrees trees zutil)
bench_flags_cjson  = -I$(BENCH_TMP)/cjson/src
bench_src_cjson    = $(BENCH)/programs/cjson/driver.c $(BENCH_TMP)/cjson/src/cJSON.c
bench_flags_pcre2  = -I$(BENCH_TMP)/pcre2/src/src -DHAVE_CONFIG_H -DPCRE2_CODE_UNIT_WIDTH=8 -DPCRE2_STATIC
bench_src_pcre2    = $(BENCH)/programs/pcre2/driver.c $(patsubst %,$(BENCH_TMP)/pcre2/src/src/pcre2_%.c,auto_possess chartables compile config context dfa_match error extuni find_bracket maketables match match_data newline ord2utf pattern_info script_run string_utils study substitute substring tables ucd valid_utf xclass)

.PHONY: bench-programs
.SECONDARY:
bench-guests: bench-programs
bench-programs: $(foreach p,$(BENCH_PROGRAMS),$(BENCH)/programs/$(p)/$(p).wasm) $(BENCH)/programs/expected.txt

# Source packages are fetched with a list of our own: nothing of the system's is changed.
$(BENCH_APT)/update:
	mkdir -p $(BENCH_APT)/lists/partial $(BENCH_APT)/cache/archives/partial
	echo 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' > $(BENCH_APT)/sources.list
	printf '%s\n' 'Dir::Etc::sourcelist "$(BENCH_APT)/sources.list";' 'Dir::Etc::sourceparts "-";' 'Dir::State::lists "$(BENCH_APT)/lists";' 'Dir::Cache "$(BENCH_APT)/cache";' > $(BENCH_APT)/apt.conf
	APT_CONFIG=$(BENCH_APT)/apt.conf apt-get -q update
	touch $@

$(BENCH_TMP)/%/source: $(BENCH_APT)/update
	rm -rf $(BENCH_TMP)/$*
	mkdir -p $(BENCH_TMP)/$*
	cd $(BENCH_TMP)/$* && APT_CONFIG=$(BENCH_APT)/apt.conf apt-get -q source --download-only $* && mkdir src && tar xf *.orig.tar.* -C src --strip-components=1
	touch $@

# What a program's own build would generate.
$(BENCH_TMP)/ready-lua: $(BENCH_TMP)/lua5.4/source $(wildcard $(BENCH)/programs/lua/*.lua)
	@mkdir -p $(BENCH_TMP)/lua
	for f in $(filter %.lua,$^); do printf '#define LUA_%s ' $$(basename $$f .lua); od -An -v -tu1 $$f | tr -s ' \n' ',' | sed 's/^,//; s/,$$//'; echo; done > $(BENCH_TMP)/lua/scripts.h
	touch $@
$(BENCH_TMP)/ready-sqlite: $(BENCH_TMP)/sqlite3/source
	mkdir -p $(BENCH_TMP)/sqlite3/src/bld
	cd $(BENCH_TMP)/sqlite3/src/bld && ../configure --disable-tcl > /dev/null && $(MAKE) sqlite3.c > /dev/null
	touch $@
$(BENCH_TMP)/ready-pcre2: $(BENCH_TMP)/pcre2/source
	cd $(BENCH_TMP)/pcre2/src/src && cp config.h.generic config.h && cp pcre2.h.generic pcre2.h && cp pcre2_chartables.c.dist pcre2_chartables.c
	touch $@
$(BENCH_TMP)/ready-%: $(BENCH_TMP)/%/source
	touch $@

define bench_program
$(BENCH)/programs/$(1)/$(1).wasm: $(BENCH_TMP)/ready-$(1) $$(wildcard $(BENCH)/programs/$(1)/*.[ch]) $(BENCH)/programs/program.h
	mkdir -p $(BENCH_TMP)/$(1)-o
	for f in $$(bench_src_$(1)); do $$(BENCH_CC) $$(BENCH_PROGRAM) $$(bench_flags_$(1)) -c -o $(BENCH_TMP)/$(1)-o/$$$$(basename $$$$f .c).o $$$$f || exit 1; done
	$$(BENCH_WASILD) -o $$@ $(BENCH_TMP)/$(1)-o/*.o -lwasi-emulated-signal
	chmod -x $$@

$(BENCH_TMP)/$(1).lines: $(BENCH_TMP)/ready-$(1) $$(wildcard $(BENCH)/programs/$(1)/*.[ch]) $(BENCH)/programs/program.h
	$$(BENCH_NATIVE) -std=gnu17 -O1 -ffp-contract=off -o $(BENCH_TMP)/native-$(1) $$(bench_flags_$(1)) $$(bench_src_$(1)) -lm
	timeout 60 $(BENCH_TMP)/native-$(1) > $$@.tmp
	mv $$@.tmp $$@
endef
$(foreach p,$(BENCH_PROGRAMS),$(eval $(call bench_program,$(p))))

$(BENCH)/programs/expected.txt: $(BENCH_PROGRAMS:%=$(BENCH_TMP)/%.lines)
	cat $^ > $@

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
