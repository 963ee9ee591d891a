# Every habit of the project. `make` alone says what there is.

PORT ?= 8080
# one set of features for tests, tools and the server, so that no dependency is compiled twice
BUILD = cargo build --workspace --bins --tests
XTASK = $(BUILD) --quiet && $(or $(CARGO_TARGET_DIR),target)/debug/xtask
TEST = $(if $(shell command -v cargo-nextest),cargo nextest run,cargo test --lib --bins --tests)
SCRIPTS = $(wildcard .ci/* */*.sh)

.PHONY: help vendor build dist run test corpus lint fmt docs docs-check golden bench loadtest fuzz deny recipe ci nightly
.DEFAULT_GOAL := help
.NOTPARALLEL:

help: ## Shows this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

vendor: ## Fetches all that is built and tested with, so that no network is needed later (quick when it is there)
	@vendor-scripts/vendor.sh
	@cargo fetch --locked --quiet
	@tests/corpus.sh --prepare

build: vendor ## Builds the release binary, target/release/pixmill
	cargo build --release --package pixmill

dist: build ## Puts the release binary and its debug symbols apart, target/dist/pixmill and pixmill.debug
	mkdir -p target/dist
	objcopy --only-keep-debug target/release/pixmill target/dist/pixmill.debug
	objcopy --strip-all --add-gnu-debuglink=target/dist/pixmill.debug target/release/pixmill target/dist/pixmill

run: vendor ## Serves samples/ on 127.0.0.1:8080 (PORT=N for another port) and says what to open
	cargo build --profile quick --package pixmill
	@sed -n 's|^/|    http://127.0.0.1:$(PORT)/|p' samples/urls.txt
	target/quick/pixmill serve --listen 127.0.0.1:$(PORT) --origin samples

test: vendor ## Runs all tests: unit, integration, documentation, and the corpus where it is
	@vendor-scripts/vendor.sh chromium redis nginx
	$(BUILD)
	LD_LIBRARY_PATH=$(CURDIR)/vendor/native/lib cargo test --workspace --doc --quiet
	$(TEST) --workspace --no-fail-fast
	tests/corpus.sh

corpus: vendor ## Runs the corpus alone (ONLY='contract-*' for some of its cases)
	$(BUILD)
	tests/corpus.sh $(if $(ONLY),--only '$(ONLY)')

lint: vendor ## Checks format, lints, documentation, shell scripts and the rules of the house
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet
	@if command -v shellcheck >/dev/null; then shellcheck -x $(SCRIPTS); else echo 'shellcheck: skipped: not installed'; fi
	$(XTASK) tidy

fmt: ## Formats the Rust code
	cargo fmt --all

docs: vendor ## Writes the generated documentation anew
	$(XTASK) docs

docs-check: vendor ## Fails when the generated documentation is stale
	$(XTASK) docs --check

golden: vendor ## Draws the golden pictures anew; look at the difference before committing it
	$(XTASK) golden

bench: vendor ## Measures the hot paths
	cargo bench --workspace

loadtest: build ## Puts load on the release binary
	loadtests/run.sh

fuzz: vendor ## Fuzzes every target for SECONDS=60 each (TARGET=name for one of them); see docs/fuzzing.md
	$(XTASK) fuzz-seeds
	.ci/fuzz.sh $(or $(SECONDS),60) $(TARGET)

deny: ## Checks licences, sources and known vulnerabilities of the dependencies
	@.ci/deny.sh

recipe: vendor ## Adds a parameter to a scratch copy of the sources, as CONTRIBUTING.md says, and tests it
	$(XTASK) recipe

ci: lint docs-check deny test recipe ## What CI runs

nightly: vendor ## Checks memory with valgrind over the corpus (takes long)
	@.ci/nightly.sh
