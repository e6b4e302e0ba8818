# What the Makefiles of the examples in C share: they set NAME and include it.
#
#   $(PROGRAM)   NAME.c with the guest library, as an artifact of lunatic-build
#   $(RUN)       lunatic-run; FLAGS='--stats ...' are flags for it
#
# The commands are those of the PATH or, if there are none, of this checkout.

TOP     := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
OUT     := $(TOP)/.cache/examples
PROGRAM := $(OUT)/$(NAME).wasm
BIN     := $(patsubst %/,%,$(dir $(or $(shell command -v lunatic-run),$(OUT)/)))
RUN     := $(BIN)/lunatic-run
CC      := clang-19
CFLAGS  := --target=wasm32-wasi --sysroot=/usr -std=c11 -O2 -Wall -I$(TOP)/rtlib/c
# The stack comes first, so that an overflow traps and changes nothing.
LDFLAGS := --target=wasm32-wasi --sysroot=/usr -Wl,--strip-debug -Wl,--stack-first

.PHONY: build run
.SECONDARY:
build: $(PROGRAM) $(RUN)

$(OUT)/%.o: %.c $(wildcard ../*.h) $(TOP)/rtlib/c/lunatic.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

$(OUT)/lunatic.o: $(TOP)/rtlib/c/lunatic.c $(TOP)/rtlib/c/lunatic.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

$(OUT)/%.wasm: $(OUT)/%.o $(OUT)/lunatic.o $(BIN)/lunatic-build
	$(CC) $(LDFLAGS) $(OUT)/$*.o $(OUT)/lunatic.o -o $(OUT)/$*.linked.wasm
	$(BIN)/lunatic-build -q $(OUT)/$*.linked.wasm -o $@

# The go command knows when they are up to date, and leaves them as they are then.
.PHONY: commands
commands:
	@cd $(TOP) && go build -o $(OUT)/ ./cmd/lunatic-build ./cmd/lunatic-run
$(OUT)/lunatic-build $(OUT)/lunatic-run: commands ;
