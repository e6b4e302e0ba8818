# The programs of examples/http-cli, from source. To be included by the Makefile behind
# testdata/guests.mk, which names and installs the compilers (guests-setup).
#
#   example-http-cli   build them into HTTP_CLI_OUT and try them with HTTP

HTTP_CLI     := examples/http-cli
HTTP_CLI_OUT ?= .cache/examples/http-cli

.PHONY: example-http-cli
examples: example-http-cli
example-http-cli: $(HTTP_CLI_OUT)/words.wasm $(HTTP_CLI_OUT)/roman.wasm $(HTTP_CLI_OUT)/indent.wasm
	$(GO) test -count=1 -timeout 10m ./$(HTTP_CLI) -dir $(abspath $(HTTP_CLI_OUT))

$(HTTP_CLI_OUT)/words.wasm: $(HTTP_CLI)/c/words.c
	@mkdir -p $(@D)
	$(GUEST_CC) $(guest_cflags) $< -o $@

$(HTTP_CLI_OUT)/roman.wasm: $(HTTP_CLI)/rust/roman.rs $(GUESTS_OUT)/debian/.done
	@mkdir -p $(@D)
	$(guest_rustc) --target wasm32-wasi --edition 2021 -C opt-level=3 -C linker=$(guest_debian)/usr/lib/llvm-14/bin/wasm-ld \
		-C link-arg=--strip-debug $< -o $@

$(HTTP_CLI_OUT)/indent.wasm: $(HTTP_CLI)/go/main.go
	@mkdir -p $(@D)
	GOOS=wasip1 GOARCH=wasm $(GO) build -trimpath -o $@ ./$(HTTP_CLI)/go
