# Everything runs from .venv, which is made on first use and again when requirements.lock changes.
#
#   make demo    a demo fleet, and the console on it
#   make test    the tests                      make check   lint, format, types, import contracts
#   make peers   other people's programs that tests drive, each in a .venv-NAME of its own
#   make bench   the benchmarks                 make docs    the generated pages
#   make fault-matrix   docs/fault-matrix.md, by making every kind of target fail (needs make peers)
#   make sample  sample_data/, from its seed    make lock    requirements.lock, from pyproject.toml (needs uv)
#   make screenshots   docs/screenshots/, from the demo
#   make clean   what tools left behind         make distclean   that, and every .venv

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
STAMP := .venv/.installed-from-lock
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PEERS := $(basename $(notdir $(wildcard tests/peers/*.lock)))

.PHONY: help venv demo test peers check bench docs fault-matrix sample screenshots lock clean distclean

help:
	@sed -n 's/^#   //p' Makefile

venv: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "opsconsole needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "[1/3] making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || \
	  { echo "The environment could not be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "[2/3] installing the locked packages"
	@$(PIP) install --require-hashes -r requirements.lock 2> >(grep -v '^WARNING: ' >&2) | \
	  awk '/^(Collecting|Requirement already)/ { if (++n % 10 == 0) print "      " n " packages"; fflush() }'
	@echo "[3/3] installing opsconsole"
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)
	@$(BIN)/opsconsole demo

test: $(STAMP)
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal $(ARGS)

peers: $(PEERS:%=.venv-%/.installed-from-lock)

.venv-%/.installed-from-lock: tests/peers/%.lock
	@echo "making .venv-$*, which only tests use"
	@$(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes \
	  -r $< 2> >(grep -v '^WARNING: ' >&2)
	@touch $@

check: $(STAMP)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(STAMP)
	@$(BIN)/python -m opsconsole.config.reference docs/configuration.md
	@$(BIN)/python -m opsconsole.commands.reference docs/cli.md
	@$(BIN)/python -m opsconsole.console.grammar.reference docs/keys.md
	@$(BIN)/python -m opsconsole.releases.targets.reference docs/targets.md
	@$(BIN)/python -m opsconsole.alerts.reference docs/alerts.md
	@$(BIN)/python -m opsconsole.daemon.checklist_reference docs/checklists.md
	@$(BIN)/python -m opsconsole.notifiers.reference docs/notifiers.md
	@$(BIN)/python -m opsconsole.drills.reference docs/drills.md
	@$(BIN)/python -c 'from opsconsole.ingest.formats import formats_page; print(formats_page(), end="")' > docs/formats.md

fault-matrix: $(STAMP) peers
	@PYTHONPATH=tests:tests/releases:tests/releases/targets $(BIN)/python -m fault_matrix docs/fault-matrix.md

sample: $(STAMP)
	@$(BIN)/python -m opsconsole.demo sample_data --sample --seed 7

screenshots: $(STAMP)
	@$(BIN)/python docs/screenshots/make.py
	@$(BIN)/python docs/screenshots/story.py

lock:
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml \
	  --extra dev -o requirements.lock
	@for name in $(PEERS); do $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 tests/peers/$$name.in -o tests/peers/$$name.lock; done

clean:
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist demo-home bench-data
	@rm -f snapshot_report.html
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	@rm -rf .venv .venv-*
