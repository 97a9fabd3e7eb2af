# Every target builds its own environment; nothing needs to be installed or activated first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# What is compiled or read at installation. Python sources are used where they stand.
BUILD_INPUTS := pyproject.toml CMakeLists.txt $(wildcard src/pytracer/native/*.[ch])

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help demo test test-all bench fidelity lint clean environments other-pythons traced-process everything
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:
	@echo "make demo       run the main job on a real program and print the ranking"
	@echo "make test       lint, then the tests; with the other Pythons of this machine those of the traced process"
	@echo "make test-all   lint, then all tests, the slow ones too, with every Python of this machine"
	@echo "make bench      measure the cost of tracing and of noise, both sides in one run"
	@echo "make fidelity   compare the digits of sr with those of random rounding of every operation; writes docs/fidelity.md"
	@echo "make lint       ruff, mypy, import-linter, codespell"
	@echo "make clean      remove environments and build products"
	@echo "PYTHON=python3.12 chooses the interpreter, VENV=folder the environment"

demo: $(VENV)/demo.stamp
	@$(BIN)/pytracer run examples/demo.py

test: environments lint other-pythons
	@$(BIN)/python -m pytest -m "not slow" $(SIDE_BY_SIDE)

test-all: OTHER_GOAL := everything
test-all: environments lint other-pythons everything

bench: $(VENV)/dev.stamp
	@set -e; for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

fidelity: $(VENV)/dev.stamp
	@$(BIN)/python benchmarks/fidelity --write-docs

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

clean:
	rm -rf .venv .venv-3.* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools examples benchmarks -name __pycache__ -prune -exec rm -rf {} +

# A process for each processor; the tests of a file share what they set up.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile

# All at once, as installing keeps one processor busy. What fails here is tried again, and told, where it is needed.
environments: | $(BIN)/pip
	@$(BIN)/python tools/pythons.py 2>/dev/null | { \
		while read -r version python; do \
			$(MAKE) VENV=.venv-$$version PYTHON="$$python" .venv-$$version/test.stamp </dev/null >/dev/null 2>&1 & \
		done; \
		$(MAKE) $(VENV)/dev.stamp; wait; \
	}

# The same goal with each other Python, in an environment of its own. What depends on the interpreter is the traced process.
OTHER_GOAL := traced-process
other-pythons: $(VENV)/dev.stamp
	@set -e; pythons=$$($(BIN)/python tools/pythons.py); \
	echo "$$pythons" | while read -r version python; do \
		[ -z "$$version" ] || $(MAKE) VENV=.venv-$$version PYTHON="$$python" $(OTHER_GOAL) </dev/null || exit 1; \
	done

traced-process: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -m "not slow" $(SIDE_BY_SIDE) tests/trace tests/noise

everything: $(VENV)/test.stamp
	@$(BIN)/python -m pytest

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

# pip is what `venv` puts last: with it the environment is complete.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Pytracer needs Python 3.11 or later, not %d.%d; choose one with: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/%.stamp: $(BUILD_INPUTS) | $(BIN)/pip
	$(INSTALL) '.[$*]'
	@touch $@

# Tools beyond the tests' needs; its environment serves the other goals too.
$(VENV)/dev.stamp: $(BUILD_INPUTS) | $(BIN)/pip
	$(INSTALL) '.[dev]'
	@touch $(VENV)/demo.stamp $(VENV)/test.stamp $@
