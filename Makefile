# PAR Index: everything a person does in this checkout. GNU make, Python >= 3.11 and the internet are all it needs.
# `make` alone lists the targets. ARGS="..." is handed to the command behind the target.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo up down status test soak lint format bench figures faults cluster model lock assets screenshots wheel clean

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# The newest Python that is new enough and can make a virtual environment; PYTHON=/path/to/python3 chooses another.
CANDIDATES := python3.14 python3.13 python3.12 python3.11 python3
FITS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c '$(FITS)' >/dev/null 2>&1 && echo $$p && break; done)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed ## Make .venv with the locked versions of everything

demo: $(VENV)/installed ## Show the whole system at work: servers, services, a simulated survey, its ranking
	@$(BIN)/parindex demo $(ARGS)

up: $(VENV)/installed ## Start the stack and keep it running; its data stays in .parindex
	@$(BIN)/parindex up $(ARGS)

down: $(VENV)/installed ## Stop the stack; its data stays
	@$(BIN)/parindex down $(ARGS)

status: $(VENV)/installed ## Say what runs and where
	@$(BIN)/parindex status $(ARGS)

test: $(VENV)/installed ## Run all tests on real servers, three at a time; ARGS="-k name" runs some
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder -m 'not soak' $(ARGS)

soak: $(VENV)/installed ## Run the tests that take the machine for minutes: a cluster that loses machines
	@$(BIN)/python -m pytest -m soak $(ARGS)

lint: $(VENV)/installed ## Check style, types and the walls between the services
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict services deploy
	$(BIN)/lint-imports

format: $(VENV)/installed ## Format the code and repair what can be repaired by itself
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(VENV)/installed ## Measure the stack against the limits of this machine
	@$(BIN)/python -m tests.bench $(ARGS)

figures: $(VENV)/installed ## All of it, set into the docs: twenty minutes on a quiet machine
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench --only million
	@$(BIN)/python -m tests.bench --kept --page docs/performance.md --picture docs/rates.svg
	@$(BIN)/python -m tests.bench.growth --page docs/performance.md
	@$(BIN)/python -m tests.bench.steps --page docs/performance.md
	@$(BIN)/python -m tests.bench.scaling --page docs/scaling.md

MINUTES ?= 3
FAULTS = $(BIN)/python -m tests.faults --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(ARGS)

faults: $(VENV)/installed ## Hurt the running system and check its promises; MINUTES=30 SEED=1
	@$(FAULTS)

cluster: $(VENV)/installed ## The same with three brokers and a replica set of three; MINUTES=30 SEED=1
	@$(FAULTS) --cluster

model: $(VENV)/installed ## Search every state of a model of the protocol, with and without bugs planted in it
	@$(BIN)/python -m docs.model

LOCK = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet

lock: $(VENV)/installed ## Bring the lock files up to pyproject.toml; ARGS=--upgrade renews every version
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(LOCK) $(ARGS) -o requirements/runtime.lock
	$(LOCK) $(ARGS) --extra embedded --extra parquet --group dev -c requirements/runtime.lock -o requirements/dev.lock

ASSETS := deploy/assets
VENDOR := services/reporting/dashboard/static/vendor

assets: ## Bundle what the dashboard takes from npm, for developers: its lock file's versions; needs Node.js
	cd $(ASSETS) && npm ci --no-audit --no-fund
	$(ASSETS)/node_modules/.bin/esbuild $(ASSETS)/echarts.js --bundle --minify --format=esm --target=es2020 \
	  --legal-comments=none --outfile=$(VENDOR)/echarts.js
	cp $(ASSETS)/node_modules/axe-core/axe.min.js tests/browser/axe.min.js
	sha256sum $(VENDOR)/echarts.js tests/browser/axe.min.js > $(ASSETS)/SHA256SUMS

SCREENS := .parindex/screens

screenshots: $(VENV)/installed ## Take the pictures of docs/screens anew, of a simulated survey; needs Chromium
	@PARINDEX_HOME=$(SCREENS) $(BIN)/parindex up
	@PARINDEX_HOME=$(SCREENS) PATH=$(CURDIR)/$(BIN):$$PATH sh -eu tests/browser/screens.sh; code=$$?; \
	  PARINDEX_HOME=$(SCREENS) $(BIN)/parindex down; rm -rf $(SCREENS); exit $$code

wheel: $(VENV)/installed ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove build products and caches (not .venv, not the data in .parindex)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find services deploy tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/installed: requirements/dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "PAR Index needs Python 3.11 or newer with the modules venv and ensurepip, and found none."; \
	  echo "On Debian or Ubuntu: apt install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3.13 $(MAKECMDGOALS)"; \
	  exit 1; } >&2
	@$(PYTHON) -c '$(FITS)' || { echo "$(PYTHON) is older than Python 3.11 or lacks venv (Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Installing into $(VENV) with $$($(PYTHON) -V): about 540 MB, once"
	@rm -f $@
	@$(PYTHON) -m venv $(VENV)
	@# Python compiles what it comes to use: a third of the time goes to compiling all of it, most for nothing.
	@$(BIN)/python -m pip install --require-hashes --no-deps --only-binary :all: --no-compile -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
