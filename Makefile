# `make demo` and `make test` each work alone on a clean clone, in either order; what is installed is not installed again.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint slow bench clean

SCENARIO ?= scenarios/single_vendor_outage_monday_peak.yaml
VENV := .venv

# Tests on all processors, file by file, so that what a file sets up is set up once.
SPREAD := -n auto --dist loadfile
BIN := $(VENV)/bin

# The first Python that is new enough; `make PYTHON=/path/to/python demo` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)

# What an installed (not editable) copy is made of: when one of these changes, the copy is stale.
SOURCES := $(shell find sim scenarios -type f -not -name '*.pyc' 2>/dev/null) pyproject.toml README.md

help:
	@echo "make demo   set up, simulate $(SCENARIO), leave tables and figures under results/"
	@echo "make test   set up, lint, type-check, test"
	@echo "make slow   the longer checks"
	@echo "make bench  the product beside a naive SimPy program and a C program"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "blendsim needs Python 3.11 or newer, and none was found" >&2; exit 2; }
	"$(PYTHON)" -m venv $(VENV)

# For users: the package as `pip install .` gives it. A development install serves as well, and is kept.
$(VENV)/.installed: $(SOURCES) | $(BIN)/python
	@if [ -e $(VENV)/.installed-dev ]; then $(MAKE) --no-print-directory $(VENV)/.installed-dev; else \
		echo "installing blendsim into $(VENV)"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check . ; fi
	@touch $@

# For developers: editable, with the tools. Only a change of dependencies asks for it again.
$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "installing blendsim with its development tools into $(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/blendsim run $(SCENARIO)
	$(BIN)/blendsim report "$$(dirname "$$(find results -name manifest.json -not -path '*/.partial-*' -exec ls -t {} + | head -n 1)")"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest $(SPREAD)

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(SPREAD) -m slow

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
