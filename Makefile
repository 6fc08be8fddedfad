# Every target sets up what it needs; `make VENV=elsewhere ...` uses another environment.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
USABLE := $(VENV)/.usable
READY := $(VENV)/.ready
PLAIN := $(CURDIR)/.plain
PEERS := .venv-peers
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help venv test soak check lint plain types contracts format demo bench bench-peers clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY) ## create the environment

# What turnlog itself needs; the demo does not wait for what the tests do.
$(USABLE): pyproject.toml
	@test -n "$(PYTHON)" || { echo "turnlog needs Python 3.11 or later: none was found on PATH"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(READY): $(USABLE)
	$(BIN)/python -m pip install --quiet --upgrade 'setuptools>=77'
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# The tests start many processes: none of them compiles again what another has.
test: $(READY) ## run the tests
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS)

soak: $(READY) ## run the tests that take minutes
	$(BIN)/python -m pytest -n $(WORKERS) -m soak

check: lint types contracts ## format, lint, types and import contracts

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# mypy and the import linter follow the folder mapping only in a plain install, not in an editable one;
# both put the working directory first on their path, hence the `cd`.
plain: $(READY)
	@rm -rf build $(PLAIN)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target $(PLAIN) .
	@rm -rf build

types: plain
	cd $(PLAIN) && $(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -p turnlog

contracts: plain
	cd $(PLAIN) && $(BIN)/lint-imports --config ../pyproject.toml --no-cache --no-logo

format: $(READY) ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(USABLE) ## import a small history, list, show, rewind, verify
	$(BIN)/python docs/demo/demo.py

bench: $(READY) ## measure speed and size against the yardstick
	$(BIN)/python -m benchmarks

bench-peers: $(READY) ## measure the peers too, in an environment of their own
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --editable '.[all]' -r benchmarks/peers.txt
	$(PEERS)/bin/python -m benchmarks --peers

clean: ## remove everything that was generated
	rm -rf $(VENV) $(PEERS) $(PLAIN) .demo build dist *.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
