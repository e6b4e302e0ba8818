# Builds the C files of this folder and of src/ into one program for lunatic-run, an
# artifact of lunatic-build. `lunatic-run init` wrote it; set in your Makefile, before the
# line that includes it, what is different:
#
#   make lunatic                     build $(LUNATIC_PROGRAM)
#   make lunatic-run ARGS='a b'      run it
#   make lunatic-clean               remove what was built

LUNATIC_SOURCES ?= $(wildcard *.c src/*.c)
LUNATIC_PROGRAM ?= $(notdir $(CURDIR)).wasm
LUNATIC_OBJECTS ?= $(LUNATIC_SOURCES:%.c=.lunatic/%.o)
# Flags for the compiler, the linker, lunatic-build and lunatic-run.
LUNATIC_CFLAGS  ?= -O2 -g -Wall
LUNATIC_LDFLAGS ?= -Wl,-z,stack-size=1048576
LUNATIC_BUILD_FLAGS ?= -q
LUNATIC_RUN_FLAGS   ?=
# wasi-sdk if WASI_SDK_PATH names it, else clang and Debian's wasi-libc.
ifdef WASI_SDK_PATH
LUNATIC_CC      ?= $(WASI_SDK_PATH)/bin/clang
LUNATIC_TARGET  ?= --target=wasm32-wasi --sysroot=$(WASI_SDK_PATH)/share/wasi-sysroot
else
LUNATIC_CC      ?= $(firstword $(foreach c,clang clang-21 clang-20 clang-19 clang-18 clang-17 clang-16 clang-15 clang-14,$(shell command -v $(c))) clang)
LUNATIC_TARGET  ?= --target=wasm32-wasi --sysroot=/usr
endif

.PHONY: lunatic lunatic-run lunatic-clean
lunatic: $(LUNATIC_PROGRAM)

# Optimisation is asked for when compiling only: at linking clang would run whatever wasm-opt
# there is. The program appears when it is an artifact.
$(LUNATIC_PROGRAM): $(LUNATIC_OBJECTS)
	$(LUNATIC_CC) $(LUNATIC_TARGET) $(LUNATIC_LDFLAGS) $^ -o .lunatic/linked.wasm
	lunatic-build $(LUNATIC_BUILD_FLAGS) .lunatic/linked.wasm -o $@

.lunatic/%.o: %.c
	@mkdir -p $(@D)
	$(LUNATIC_CC) $(LUNATIC_TARGET) $(LUNATIC_CFLAGS) -MMD -c $< -o $@

-include $(LUNATIC_OBJECTS:.o=.d)

lunatic-run: $(LUNATIC_PROGRAM)
	lunatic-run $(LUNATIC_RUN_FLAGS) $< $(ARGS)

lunatic-clean:
	rm -rf .lunatic $(LUNATIC_PROGRAM)
