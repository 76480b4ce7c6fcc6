# The development loop. `make` lists what there is; every target sets up what it needs, once.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Any Python from 3.11 on; `make PYTHON=/path/to/python` takes another one.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
EXTRAS := demo,wandb,export,serve,dev

VENV := .venv
PY := $(VENV)/bin/python
BUF := $(VENV)/bin/buf
BUILD := build
export PATH := $(abspath $(VENV)/bin):$(PATH)

# What `setup` leaves behind.
INSTALLED := $(VENV)/.installed
RULES_VERSION := 1.1.2
RULES_PROTO := $(BUILD)/proto-deps/buf/validate/validate.proto
RULES_STAMP := $(BUILD)/stamps/proto-deps-$(RULES_VERSION)
RULES_BINDINGS := gen/python/buf/validate/validate_pb2.py

# Code generators. Their versions stand where each language keeps its own: pom.xml, go.mod, package-lock.json.
PROTOC := $(BUILD)/bin/protoc
PROTOC_GEN_GO := $(BUILD)/bin/protoc-gen-go
PROTOC_GEN_ES := ts/node_modules/.bin/protoc-gen-es
TS_SCORER_MODULES := ts/scorer/node_modules/.package-lock.json
PROTOC_CLASSIFIER := $(shell uname -s | sed 's/Linux/linux/; s/Darwin/osx/')-$(shell uname -m | sed 's/aarch64\|arm64/aarch_64/')
CONFORMANCE_PROTO := tests/conformance/proto
# Folders too, so that a deleted file counts as a change.
PROTOS = $(shell find proto $(CONFORMANCE_PROTO) -name '*.proto' -o -type d 2>/dev/null)
GENERATED := $(BUILD)/generated/gen
RELEASED_IMAGE := tests/schema/released.binpb

JAVA_SOURCES = $(shell find java/src java/encoding gen/java -name '*.java' -o -type d 2>/dev/null)
JAVA_SCORER_SOURCES = $(shell find java/scorer/src java/encoding gen/java -name '*.java' -o -type d 2>/dev/null)
GO_MODULES := go go/encoding go/scorer go/scorer/benchmark
MVN := mvn --quiet --batch-mode -Dstyle.color=never --file java/pom.xml
MVN_SCORER := mvn --quiet --batch-mode -Dstyle.color=never --file java/scorer/pom.xml
PYTEST_ARGS ?= -n 2 --dist loadfile
# One thread a process: the tests run in two processes, and more threads than cores only wait for each other.
TEST_ENV := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

need = @command -v $(1) >/dev/null || { echo "$(1) is not installed, and '$@' needs it: $(2)" >&2; exit 1; }
need_go = $(call need,go,install Go 1.26 or later)
need_mvn = $(call need,mvn,install a JDK 17 or later and Maven 3.8 or later)
need_npm = $(call need,npm,install Node 22 or later)

##@ Everyday

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup ## Train a ranker on MovieLens-100K, compare it with baselines and serve it (about 5 minutes)
	@$(PY) -m rankspec demo

.PHONY: test
test: setup ## Run every test; bindings of a language whose tools are missing are skipped, by name
	@$(TEST_ENV) $(PY) -m pytest $(PYTEST_ARGS)

.PHONY: crash-test
crash-test: setup ## Let runs live through ACCIDENTS=200 in a row, and kill KILLS=30 that must go on to the very same bits; SEED=n repeats
	@$(TEST_ENV) $(PY) -m tests.crash --accidents $(or $(ACCIDENTS),200) --kills $(or $(KILLS),30) $(if $(SEED),--seed $(SEED))

.PHONY: liveness
liveness: setup ## Change every field of the spec, see what that does, and count: live, deprecated, refused, dead
	@$(TEST_ENV) $(PY) -m tests.liveness

.PHONY: fields-page
fields-page: setup ## Write docs/fields.md anew: every field with its probe
	@$(PY) -m tests.liveness --page

.PHONY: fuzz
fuzz: setup ## Try the readers on N=100000 generated or damaged texts, in every form; SEED=n takes others
	@$(TEST_ENV) $(PY) -m tests.fuzz $(or $(N),100000) --seed $(or $(SEED),0)

.PHONY: fuzz-serving
fuzz-serving: setup ## Ask a server N=100000 damaged requests over gRPC and HTTP; SEED=n takes others
	@$(TEST_ENV) $(PY) -m tests.fuzz.serving $(or $(N),100000) --seed $(or $(SEED),0)

.PHONY: lint
lint: lint-python lint-proto lint-go lint-java lint-ts ## Check format, style and types in every language, without changing a file

.PHONY: format
format: setup $(RULES_STAMP) ## Format every source file
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format --quiet .
	@$(BUF) format --write proto
	@$(BUF) format --write $(CONFORMANCE_PROTO)
	@gofmt -w go

.PHONY: check
check: generate-check lint test ## All that CI runs: generated code is current, lint, tests

.PHONY: bench
bench: setup ## Run the benchmarks; ONLY=name runs one
	@$(PY) -m benchmarks $(if $(ONLY),--only $(ONLY))

.PHONY: architectures
architectures: setup ## Train every architecture as backbone and tower on MovieLens-100K, beside a logistic regression (about 10 minutes)
	@$(TEST_ENV) $(PY) -m benchmarks.architectures

.PHONY: first-day
first-day: setup ## Take two public tables from their packages to ranked lists, by commands alone, and compare with trees (about 15 minutes); SEEDS=5 trains with so many
	@$(TEST_ENV) $(PY) -m benchmarks.first_day $(ONLY) $(if $(SEEDS),--seeds $(SEEDS))

.PHONY: movielens-seeds
movielens-seeds: setup ## Train MovieLens' ranker and ensemble with five seeds each and print the README's table (about half an hour)
	@$(TEST_ENV) $(PY) -m benchmarks.movielens_seeds --processes 2

##@ Set-up

.PHONY: setup
setup: $(INSTALLED) $(RULES_BINDINGS) ## Make the Python environment and what it imports (done by the others when needed)
	@# As an installed wheel is: also where PYTHONDONTWRITEBYTECODE would have it compiled anew at every start.
	@$(PY) -m compileall -q python gen/python

# The settings of tools, which pyproject.toml ends with, are none of the environment's business.
$(INSTALLED): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or name it with make PYTHON=..." >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@digest=$$(sed '/^\[tool\.pytest/,$$d' pyproject.toml | cat constraints.txt - | sha256sum); \
	if [ "$$(cat $@ 2>/dev/null)" = "$$digest" ]; then \
		touch $@; \
	else \
		echo "Installing Python packages into $(VENV) (torch is several GB; some minutes on a new machine)"; \
		$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'; \
		echo "$$digest" > $@; \
	fi

# The rule annotations' schema, from the source distribution of the Python package that carries it.
$(RULES_STAMP): | $(INSTALLED)
	@rm -rf $(BUILD)/proto-deps $(BUILD)/protovalidate && mkdir -p $(dir $(RULES_PROTO)) $(BUILD)/protovalidate $(dir $@)
	@$(PY) -m pip download --quiet --disable-pip-version-check --no-deps --no-binary protovalidate \
		--dest $(BUILD)/protovalidate protovalidate==$(RULES_VERSION)
	@tar -xzf $(BUILD)/protovalidate/protovalidate-$(RULES_VERSION).tar.gz -C $(BUILD)/protovalidate
	@cp $(BUILD)/protovalidate/protovalidate-$(RULES_VERSION)/upstream/proto/buf/validate/validate.proto $(RULES_PROTO)
	@rm -rf $(BUILD)/protovalidate && touch $@

# No Python package ships these bindings for google.protobuf, so they are made here, and carried by the wheel.
$(RULES_BINDINGS): $(RULES_STAMP) constraints.txt
	@mkdir -p gen/python
	@$(PY) -m grpc_tools.protoc --proto_path=$(BUILD)/proto-deps --python_out=gen/python --pyi_out=gen/python buf/validate/validate.proto
	@touch $@

.PHONY: proto-deps
proto-deps: $(RULES_STAMP) ## Unpack the schema of the rule annotations, for editors and buf

# The oldest torch that pyproject.toml allows, beside what constraints.txt pins of everything else.
OLDEST_TORCH := $(BUILD)/oldest-torch
.PHONY: test-oldest-torch
test-oldest-torch: setup ## Test the trainer with the oldest torch it supports, in an environment of its own (several GB)
	@test -x $(OLDEST_TORCH)/bin/python || $(PYTHON) -m venv $(OLDEST_TORCH)
	@grep --invert-match --extended-regexp '^(torch|triton|nvidia|cuda|setuptools)' constraints.txt > $(OLDEST_TORCH)/constraints.txt
	@$(OLDEST_TORCH)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(OLDEST_TORCH)/constraints.txt 'torch==$(shell sed -n 's/.*"torch>=\([0-9.]*\)".*/\1/p' pyproject.toml).*' \
		--editable '.[$(EXTRAS)]'
	@$(OLDEST_TORCH)/bin/python -m pytest --quiet tests/unit tests/parity tests/integration/trainer

# Engines bring hundreds of megabytes that nothing else needs, and tests of imports do without torch.
ENGINES := $(BUILD)/engines
.PHONY: test-engines
test-engines: setup ## Test importing tables of Spark and Ray, in an environment of its own (1.2 GB; needs a JDK 17)
	@test -x $(ENGINES)/bin/python || $(PYTHON) -m venv $(ENGINES)
	@$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[spark,ray]' pytest
	@$(ENGINES)/bin/python -m pytest --quiet tests/unit/test_import_engines.py

##@ Generated code

.PHONY: generate
generate: $(BUILD)/stamps/generated ## Write gen/ anew from proto/
	@for language in python go java ts; do \
		mkdir -p gen/$$language; \
		for package in $(GENERATED)/$$language/*; do \
			rm -rf "gen/$$language/$${package##*/}" && cp -R "$$package" "gen/$$language/"; \
		done; \
	done

.PHONY: generate-check
generate-check: $(BUILD)/stamps/generated ## Fail if gen/ is not what proto/ generates
	@diff --recursive --brief --exclude=buf --exclude=__pycache__ --exclude='go.*' $(GENERATED) gen \
		|| { echo "gen/ is not what proto/ generates: run 'make generate' and commit the result" >&2; exit 1; }

$(BUILD)/stamps/generated: $(PROTOS) buf.yaml buf.gen.yaml $(RULES_STAMP) $(PROTOC) $(PROTOC_GEN_GO) $(PROTOC_GEN_ES) | $(INSTALLED)
	@rm -rf $(BUILD)/generated
	@$(BUF) generate proto --output $(BUILD)/generated
	@$(BUF) generate $(CONFORMANCE_PROTO) --output $(BUILD)/generated
	@$(BUF) build proto --as-file-descriptor-set --exclude-imports --output $(GENERATED)/python/rankspec/schema.binpb
	@touch $@

$(PROTOC): java/pom.xml
	$(need_mvn)
	@$(MVN) -Dprotoc.classifier=$(PROTOC_CLASSIFIER) dependency:copy@protoc
	@chmod +x $@ && touch $@

$(PROTOC_GEN_GO): gen/go/go.mod gen/go/go.sum
	$(need_go)
	@mkdir -p $(dir $@)
	@go -C gen/go build -o $(abspath $@) google.golang.org/protobuf/cmd/protoc-gen-go
	@touch $@

$(PROTOC_GEN_ES): ts/package.json ts/package-lock.json ts/.npmrc
	$(need_npm)
	@npm ci --prefix ts --silent
	@touch $@

# Its own libraries are in the package; `skip` leaves out those for GPUs, which the installation would download.
$(TS_SCORER_MODULES): ts/scorer/package.json ts/scorer/package-lock.json ts/scorer/.npmrc
	$(need_npm)
	@ONNXRUNTIME_NODE_INSTALL=skip npm ci --prefix ts/scorer --silent
	@touch $@

.PHONY: release-image
release-image: $(RULES_STAMP) ## Record proto/ as released: what `make lint` compares later changes with
	@mkdir -p $(dir $(RELEASED_IMAGE))
	@$(BUF) build proto --exclude-source-info --output $(RELEASED_IMAGE)

##@ One language

.PHONY: lint-python
lint-python: setup ## ruff, mypy and import-linter
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --diff --quiet .
	@$(PY) -m mypy
	@report=$$($(VENV)/bin/lint-imports --no-cache) || { echo "$$report" >&2; exit 1; }

.PHONY: lint-proto
lint-proto: $(RULES_STAMP) ## buf: lint, format, and no break since the last release
	@$(BUF) lint proto
	@$(BUF) lint $(CONFORMANCE_PROTO)
	@$(BUF) format --diff --exit-code proto
	@$(BUF) format --diff --exit-code $(CONFORMANCE_PROTO)
	@$(BUF) breaking proto --against $(RELEASED_IMAGE)

.PHONY: lint-go
lint-go: ## gofmt and go vet
	$(need_go)
	@unformatted=$$(gofmt -l go); test -z "$$unformatted" || { echo "gofmt would change: $$unformatted" >&2; exit 1; }
	@for module in $(GO_MODULES); do go -C $$module vet ./...; done

.PHONY: lint-java
lint-java: ## The Java compiler and javadoc, with every warning an error
	$(need_mvn)
	@$(MVN) test-compile javadoc:javadoc@javadoc
	@$(MVN_SCORER) test-compile javadoc:javadoc@javadoc

.PHONY: lint-ts
lint-ts: $(PROTOC_GEN_ES) $(TS_SCORER_MODULES) ## The TypeScript compiler
	@npm run --prefix ts --silent lint
	@npm run --prefix ts/scorer --silent lint

.PHONY: test-go
test-go: ## Compile and test the Go packages
	$(need_go)
	@go -C gen/go build ./...
	@for module in $(GO_MODULES); do ONNXRUNTIME_LIBRARY="$(ONNXRUNTIME_LIBRARY)" go -C $$module test ./...; done

.PHONY: test-java
test-java: ## Compile and test the Java packages
	$(need_mvn)
	@$(MVN) test
	@$(MVN_SCORER) test

.PHONY: test-ts
test-ts: $(PROTOC_GEN_ES) $(TS_SCORER_MODULES) ## Compile and test the TypeScript packages
	@npm test --prefix ts --silent
	@npm test --prefix ts/scorer --silent

##@ Every language alike

# Of each language: what its executor of conformance cases, its verdict command and its benchmark are, and a target
# <language>-commands that builds them.
EXECUTOR_python := $(PY) -m tests.conformance.executors.python
EXECUTOR_go := $(BUILD)/bin/rankspec-conformance
EXECUTOR_typescript := node ts/dist/conformance/executor.js
EXECUTOR_java := java @$(BUILD)/java/classpath dev.rankspec.conformance.Executor
VERDICT_python := $(PY) -m rankspec.cli.verdict
VERDICT_go := $(BUILD)/bin/rankspec-verdict
VERDICT_typescript := node ts/dist/cli/verdict.js
VERDICT_java := java @$(BUILD)/java/classpath dev.rankspec.VerdictCommand
# `make bench` measures Python itself.
BENCHMARK_go := $(BUILD)/bin/rankspec-benchmark
BENCHMARK_typescript := node --expose-gc ts/dist/benchmark/load.js
BENCHMARK_java := java @$(BUILD)/java/classpath dev.rankspec.LoadBenchmark

.PHONY: conformance
conformance: setup ## Run every language over the conformance corpus and print a table
	@$(PY) -m tests.conformance

.PHONY: conformance-cases
conformance-cases: setup ## Write what is derived of the conformance corpus, and what its cases expect
	@$(PY) -m tests.conformance.make_cases

.PHONY: agree
agree: setup ## Compare every language on N=100000 generated near-misses; SEED=n takes others
	@$(PY) -m tests.conformance.agree $(or $(N),100000) --seed $(or $(SEED),0)

.PHONY: agree-encoding
agree-encoding: setup ## Encode N=100000 random raw rows in every language and compare digests; SEED=n takes others
	@$(PY) -m tests.conformance.encoding_agreement $(or $(N),100000) --seed $(or $(SEED),0)

# Of each language: its scorer over the corpus, which is given the corpus' folder, and a target <language>-scorer that
# builds it.
SCORER_python := $(PY) -m tests.scoring.executor
SCORER_go = ONNXRUNTIME_LIBRARY="$(ONNXRUNTIME_LIBRARY)" $(BUILD)/bin/rankspec-scores
SCORER_java := java @$(BUILD)/java/scorer.classpath dev.rankspec.scorer.ScoresCommand
SCORER_typescript := node ts/scorer/dist/conformance/scores.js
# And its scorer beside a bare session, with a target <language>-scoring-benchmark. `make bench` measures Python itself.
SCORING_BENCHMARK_go = ONNXRUNTIME_LIBRARY="$(ONNXRUNTIME_LIBRARY)" $(BUILD)/bin/rankspec-scoring-benchmark
SCORING_BENCHMARK_java := java @$(BUILD)/java/scorer.classpath dev.rankspec.scorer.ScoringBenchmark
SCORING_BENCHMARK_typescript := node ts/scorer/dist/benchmark/score.js
SCORES_CORPUS := $(BUILD)/scores-corpus
# The Python package of ONNX Runtime has the shared library that Go's scorer takes.
ONNXRUNTIME_LIBRARY ?= $(abspath $(firstword $(wildcard $(foreach file,libonnxruntime.so.* libonnxruntime.*.dylib, \
	$(VENV)/lib/python*/site-packages/onnxruntime/capi/$(file)))))

.PHONY: scores-corpus
scores-corpus: setup ## Make the scoring corpus: bundles of every kind, spoilt ones, and requests (some minutes)
	@$(TEST_ENV) $(PY) -m tests.scoring.make_corpus $(SCORES_CORPUS)

.PHONY: scores
scores: scores-corpus ## Run every language's scorer over the scoring corpus and print what does not agree
	@$(PY) -m tests.scoring $(SCORES_CORPUS)

# What a language's scorer says of the corpus in a folder: `make -s scorer LANGUAGE=go CORPUS=build/scores-corpus`.
.PHONY: scorer
scorer:
	$(if $(SCORER_$(LANGUAGE)),,$(error LANGUAGE is one of $(patsubst SCORER_%,%,$(filter SCORER_%,$(.VARIABLES)))))
	@$(MAKE) $(LANGUAGE)-scorer >&2
	@$(SCORER_$(LANGUAGE)) $(CORPUS)

.PHONY: python-scorer
python-scorer: python-commands

.PHONY: go-scorer
go-scorer:
	$(need_go)
	@mkdir -p $(BUILD)/bin
	@go -C go/scorer build -o $(abspath $(BUILD))/bin/ ./cmd/...

.PHONY: java-scorer
java-scorer: $(BUILD)/java/scorer.jar

$(BUILD)/java/scorer.jar: java/scorer/pom.xml $(JAVA_SCORER_SOURCES)
	$(need_mvn)
	@mkdir -p $(@D)
	@work=$$(mktemp -d $(abspath $(@D))/work.XXXXXX); trap 'rm -rf "$$work"' EXIT; \
	$(MVN_SCORER) -Dbuild.folder="$$work" test-compile dependency:build-classpath@classpath; \
	jar --create --file "$$work/scorer.jar" -C "$$work/classes" . -C "$$work/test-classes" .; \
	echo "-cp \"$(abspath $@):$$(cat "$$work/classpath.txt")\"" > "$$work/classpath"; \
	mv "$$work/classpath" $(@D)/scorer.classpath; \
	mv "$$work/scorer.jar" $@

.PHONY: typescript-scorer
typescript-scorer: $(TS_SCORER_MODULES)
	@node ts/scripts/build.mjs scorer

.PHONY: verdict
verdict: language-commands ## Print what LANGUAGE=python|go|java|typescript says of FILES="...", a line of JSON each
	@$(VERDICT_$(LANGUAGE)) $(FILES)

# Conformance requests on the standard input, responses on the standard output.
.PHONY: executor
executor: language-commands
	@$(EXECUTOR_$(LANGUAGE))

# How long a config takes to load, as a line of JSON: `make -s load-benchmark LANGUAGE=go ARGUMENTS="CONFIG EXPANDED prewarm"`.
.PHONY: load-benchmark
load-benchmark: language-commands
	@$(BENCHMARK_$(LANGUAGE)) $(ARGUMENTS)

# How long scoring rows takes, as a line of JSON: `make -s scoring-benchmark LANGUAGE=go ARGUMENTS="BUNDLE ROWS WARM_UP ROUNDS"`,
# where ROWS is a file of the values of a bundle's only input, in float32.
.PHONY: scoring-benchmark
scoring-benchmark:
	$(if $(SCORING_BENCHMARK_$(LANGUAGE)),,$(error LANGUAGE is one of $(patsubst SCORING_BENCHMARK_%,%,$(filter SCORING_BENCHMARK_%,$(.VARIABLES)))))
	@$(MAKE) $(LANGUAGE)-scoring-benchmark >&2
	@$(SCORING_BENCHMARK_$(LANGUAGE)) $(ARGUMENTS)

.PHONY: go-scoring-benchmark
go-scoring-benchmark:
	$(need_go)
	@mkdir -p $(BUILD)/bin
	@go -C go/scorer/benchmark build -o $(abspath $(BUILD))/bin/rankspec-scoring-benchmark .

.PHONY: java-scoring-benchmark typescript-scoring-benchmark
java-scoring-benchmark: java-scorer
typescript-scoring-benchmark: typescript-scorer

.PHONY: language-commands
language-commands:
	$(if $(VERDICT_$(LANGUAGE)),,$(error LANGUAGE is one of $(patsubst VERDICT_%,%,$(filter VERDICT_%,$(.VARIABLES)))))
	@$(MAKE) $(LANGUAGE)-commands >&2

.PHONY: python-commands
python-commands: $(INSTALLED) $(RULES_BINDINGS)

.PHONY: go-commands
go-commands:
	$(need_go)
	@mkdir -p $(BUILD)/bin
	@go -C go build -o $(abspath $(BUILD))/bin/ ./cmd/...

.PHONY: typescript-commands
typescript-commands: $(PROTOC_GEN_ES)
	$(need_npm)
	@node ts/scripts/build.mjs

.PHONY: java-commands
java-commands: $(BUILD)/java/commands.jar

# Built in a folder of its own and moved into place, because others may be building or running it at the same time.
$(BUILD)/java/commands.jar: java/pom.xml $(JAVA_SOURCES)
	$(need_mvn)
	@mkdir -p $(@D)
	@work=$$(mktemp -d $(abspath $(@D))/work.XXXXXX); trap 'rm -rf "$$work"' EXIT; \
	$(MVN) -Dbuild.folder="$$work" test-compile dependency:build-classpath@classpath; \
	jar --create --file "$$work/commands.jar" -C "$$work/classes" . -C "$$work/test-classes" .; \
	echo "-cp \"$(abspath $@):$$(cat "$$work/classpath.txt")\"" > "$$work/classpath"; \
	mv "$$work/classpath" $(@D)/classpath; \
	mv "$$work/commands.jar" $@

##@ Packages

.PHONY: package
package: setup ## Build the wheel into dist/
	@$(PY) -m build --wheel --no-isolation --outdir dist .

.PHONY: clean
clean: ## Remove what was built, except the Python environment
	@rm -rf $(BUILD) dist gen/python/buf java/target ts/dist ts/src/gen ts/src/encoding ts/node_modules java/scorer/target ts/scorer/dist ts/scorer/src/gen ts/scorer/src/encoding ts/scorer/node_modules
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find python gen tests -name __pycache__ -type d -prune -exec rm -rf {} +
