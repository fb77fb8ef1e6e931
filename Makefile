# PYTHON=python3.12 make setup   chooses the interpreter; else the newest that runs and is new enough.
is_new_enough = import sys; sys.exit(sys.version_info < (3, 10))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.10 python3; do \
	"$$p" -c "$(is_new_enough)" 2>/dev/null && echo "$$p" && break; done)
UV := $(shell command -v uv 2>/dev/null)

BIN := .venv/bin
VENV := .venv/pyvenv.cfg
READY := .venv/.setup
BENCH_READY := .venv/.bench
INPUTS := pyproject.toml constraints.txt

ifdef UV
CREATE = $(UV) venv --quiet --clear --seed --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
INSTALL = VIRTUAL_ENV=.venv $(UV) pip install --quiet --constraint constraints.txt
else
# The pip that a venv starts with may not know dependency groups.
CREATE = $(PYTHON) -m venv --clear .venv && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
INSTALL = $(BIN)/python -m pip install --quiet --constraint constraints.txt
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup check format test demo bench bench-csv soak constraints clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## Make .venv with the project (editable), every extra and the tools

$(VENV):
	@test -n "$(PYTHON)" || { echo "no Python 3.10 or newer found; set PYTHON" >&2; exit 1; }
	$(CREATE)

$(READY): $(INPUTS) | $(VENV)
	$(INSTALL) --editable '.[all]' --group dev
	@touch $@

$(BENCH_READY): $(READY)
	$(INSTALL) --group bench
	@touch $@

check: $(READY) ## Lint, formatting, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Format and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

test: $(READY) ## The test suite; ZMIGRATION_TEST_DSN names another PostgreSQL than its own
	$(BIN)/python -m pytest $(PYTEST_ARGS)

demo: $(READY) ## Run the example on CSV, SQLite and PostgreSQL
	$(BIN)/python examples/demo.py

bench: $(BENCH_READY) ## Measure against other tools
	$(BIN)/python benchmarks/run.py

bench-csv: $(BENCH_READY) ## Measure changes of large CSV files against other engines
	$(BIN)/python -m benchmarks.csv_run $(BENCH_ARGS)

soak: $(READY) ## Fault and property tests at length
	ZMIGRATION_SOAK=1 $(BIN)/python -m pytest -m 'faults or hypothesis or many' $(PYTEST_ARGS)

constraints: ## Choose the newest versions anew (needs uv)
	@test -n "$(UV)" || { echo "uv is not on PATH" >&2; exit 1; }
	@head -2 constraints.txt > .constraints.new
	$(UV) pip compile pyproject.toml --all-extras --group dev --group bench --universal \
		--python-version 3.10 --upgrade --no-header --no-annotate \
		--no-emit-package zcli-migration --quiet >> .constraints.new
	@grep '^pip==' constraints.txt >> .constraints.new
	@mv .constraints.new constraints.txt

clean: ## Remove .venv, caches and build results
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
