# Every task of the project. `make` alone lists them.

PORT ?= 8080
# one set of features for tests, tools and the server, so that no dependency is compiled twice
FEATURES = --features pixmill/sentry
BUILD = cargo build --workspace --bins --tests $(FEATURES)
XTASK = $(BUILD) --quiet && $(or $(CARGO_TARGET_DIR),target)/debug/xtask
TEST = $(if $(shell command -v cargo-nextest),cargo nextest run,cargo test --lib --bins --tests)
SCRIPTS = $(wildcard .ci/* */*.sh */*/*.sh)

.PHONY: help vendor build stripped dist run demo test corpus lint fmt docs docs-check book golden bench bench-check loadtest simulate fuzz deny recipe rehearse chart clients ci nightly
.DEFAULT_GOAL := help
.NOTPARALLEL:

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

vendor: ## Fetches all dependencies of build and tests, so that no network is needed later (fast if they are present)
	@vendor-scripts/vendor.sh
	@cargo fetch --locked --quiet
	@tests/corpus.sh --prepare

build: vendor ## Builds the optimised binary, target/dist/pixmill
	cargo build --profile dist --package pixmill $(RELEASE_FEATURES)

# releases can report errors
stripped: RELEASE_FEATURES = --features sentry
stripped: build ## Separates the optimised binary from its debug symbols: target/stripped/pixmill and pixmill.debug
	mkdir -p target/stripped
	objcopy --only-keep-debug target/dist/pixmill target/stripped/pixmill.debug
	objcopy --strip-all --add-gnu-debuglink=target/stripped/pixmill.debug target/dist/pixmill target/stripped/pixmill

dist: stripped ## Makes a release in target/packages: a tarball, a Debian package, the bill of materials, checksums
	@vendor-scripts/vendor.sh sbom
	docker/package/package.sh target/stripped/pixmill target/packages

# what the build does not need is fetched beside it; the codecs compile there too: a build script calls vendor.sh
run: ## Serves samples/ and the playground on 127.0.0.1:8080 (PORT=N for another port) and prints URLs to open
	@vendor-scripts/vendor.sh tools libvips
	vendor-scripts/vendor.sh fonts onnxruntime models & \
		cargo build --profile quick --package pixmill --no-default-features && wait $$!
	@sed -n 's|^/|    http://127.0.0.1:$(PORT)/|p' samples/urls.txt
	PIXMILL__UPLOADS__ENABLED=true PIXMILL__UPLOADS__PUBLIC=true PIXMILL__UPLOADS__ADDRESS=127.0.0.1:0 \
		target/quick/pixmill serve --listen 127.0.0.1:$(PORT) --origin samples --playground

demo: vendor ## Serves a page of pictures, with Pixmill behind nginx and with the originals, on 127.0.0.1:8080 (PORT=N)
	@vendor-scripts/vendor.sh nginx
	cargo build --profile quick --package pixmill --no-default-features
	docs/demo/serve.sh target/quick/pixmill $(PORT)

test: vendor ## Runs all tests: unit, integration, documentation, and the corpus if present
	@vendor-scripts/vendor.sh chromium playwright redis nginx varnish namespaces
	$(BUILD)
	LD_LIBRARY_PATH=$(CURDIR)/vendor/native/lib cargo test --workspace $(FEATURES) --doc --quiet
	$(TEST) --workspace $(FEATURES) --no-fail-fast
	tests/corpus.sh

corpus: vendor ## Runs only the corpus (ONLY='contract-*' for some of its cases)
	$(BUILD)
	tests/corpus.sh $(if $(ONLY),--only '$(ONLY)')

lint: vendor ## Checks formatting, lints, documentation, shell scripts and the rules of the project
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets $(FEATURES) -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace $(FEATURES) --no-deps --quiet
	@if command -v shellcheck >/dev/null; then shellcheck -x $(SCRIPTS); else echo 'shellcheck: skipped: not installed'; fi
	$(XTASK) tidy

fmt: ## Formats the Rust code
	cargo fmt --all

docs: vendor ## Regenerates the generated documentation
	$(XTASK) docs

docs-check: vendor ## Fails when the generated documentation is stale
	$(XTASK) docs --check

# without mdBook it still checks the links
book: vendor ## Checks the links of the documentation and builds the book: target/book/index.html
	-@vendor-scripts/vendor.sh mdbook
	$(XTASK) book

golden: vendor ## Regenerates the golden images; review the changes before you commit them
	$(XTASK) golden

bench: vendor ## Runs the benchmarks
	cargo bench --profile dist --workspace

bench-check: vendor ## Counts instructions; fails where they changed by more than 3 % (ACCEPT=1 accepts the new counts)
	@vendor-scripts/vendor.sh valgrind
	cargo bench --profile dist --package instruction-counts --bench counts -- $(if $(ACCEPT),--accept,--check)

loadtest: $(if $(PIXMILL_BIN),,build) ## Compares Pixmill with other image servers, in about five minutes (SCENARIO=name; see loadtests/README.md)
	loadtests/compare.sh

simulate: ## Simulates 1 to 500 nodes, and writes the figures of docs/scale.md (CHECK=1 compares them)
	cargo run --quiet --package simulation -- $(if $(CHECK),--check)

fuzz: vendor ## Fuzzes every target for SECONDS=60 each (TARGET=name for one of them); see docs/fuzzing.md
	$(XTASK) fuzz-seeds
	.ci/fuzz.sh $(or $(SECONDS),60) $(TARGET)

deny: ## Checks licences, sources and known vulnerabilities of the dependencies
	@.ci/deny.sh

recipe: vendor ## Adds a parameter to a scratch copy of the sources, as CONTRIBUTING.md says, and tests it
	$(XTASK) recipe

rehearse: vendor ## Performs docker/Dockerfile and installs the packages in a clean Debian, with the binary of the tests (needs root)
	@vendor-scripts/vendor.sh sbom
	$(BUILD)
	@rm -rf target/rehearsal/packages && mkdir -p target/rehearsal
	@objcopy --strip-all $(or $(CARGO_TARGET_DIR),target)/debug/pixmill target/rehearsal/pixmill
	docker/package/package.sh target/rehearsal/pixmill target/rehearsal/packages
	docker/rehearse.sh --binary target/rehearsal/pixmill --packages target/rehearsal/packages

chart: vendor ## Checks the Helm chart with Helm, the schemas of Kubernetes and pixmill (WRITE=1 also writes the kustomize base)
	@vendor-scripts/vendor.sh helm
	$(BUILD)
	@if [ -d target/tools/helm ]; then PYTHONPATH=target/tools/helm PYTHONDONTWRITEBYTECODE=1 python3 -s docker/helm/check.py \
		$(or $(CARGO_TARGET_DIR),target)/debug/pixmill $(if $(WRITE),--write); else echo 'chart: skipped: Helm is not available'; fi

clients: vendor ## Tests the client libraries, those whose language is installed (PIXMILL_FRAMEWORKS=folder: in real frameworks too)
	$(BUILD)
	PIXMILL_BIN=$(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/debug/pixmill clients/test.sh

ci: lint docs-check book deny test recipe clients chart rehearse ## Everything that CI runs

nightly: vendor ## What is too slow for every change: bench-check, and the corpus under valgrind to check memory accesses
	@.ci/nightly.sh
