# `make run` and `make test` are all that most people need. They want Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := sh requirements/install.sh $(PY)
LOCK = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
CSS = $(VENV)/bin/css-beautify --indent-size=2 --end-with-newline
PYTEST_ARGS ?=

# Compiled modules are kept, whatever the environment says: they halve the time of a start.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run test test-all lint format messages bench browser screenshots lock venv runtime dev clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: runtime ## Start the portal with its demo; PORT, DATABASE_URL and REDIS_URL are honoured
	@exec $(PY) manage.py portal --demo --end-with-parent

test: dev ## Run the tests on PostgreSQL and Redis, where these answer, and on SQLite what it can break, or all
	@$(PY) -m tests.run $(PYTEST_ARGS)

test-all: dev ## Run every test on each database
	@$(PY) -m tests.run --all $(PYTEST_ARGS)

browser: dev ## Run the tests in Chromium
	@$(PY) -m pytest -q -m browser -n 2 tests/browser tests/ui_gallery $(PYTEST_ARGS)

screenshots: dev ## Make the pictures of the README from a fresh demo
	@$(PY) -m tests.browser.screenshots

lint: dev ## Check style, types and who imports whom
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(VENV)/bin/djhtml --tabwidth 2 --check templates
	@for file in static/css/*.css; do $(CSS) $$file | cmp -s - $$file || { echo "$$file is not in its form: make format"; exit 1; }; done

format: dev ## Put the code into its usual form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/djhtml --tabwidth 2 templates
	@for file in static/css/*.css; do $(CSS) --replace $$file; done

messages: dev ## Collect the texts for translators, in locale/
	@$(PY) -m tests.messages

bench: dev ## Run the benchmarks
	@$(PY) -m bench

lock: dev ## Compile requirements/*.in again, after a change there; UPGRADE=--upgrade takes newer versions
	cd requirements && for name in runtime prod dev; do ../$(LOCK) $(UPGRADE) $$name.in -o $$name.txt || exit 1; done

clean: ## Remove the environment and what the tools cached; var/ with the data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The mark is set at the end, so an environment that was interrupted is made again.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "The portal needs Python 3.11 or newer; '$(PYTHON)' is older or missing. Name another: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python can't make environments: 'ensurepip' is missing. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) && touch $@

venv: $(VENV)/made

# The lock that is installed is kept as a copy. Only when it differs from the wanted one is anything installed again.
# The development lock holds all that the runtime lock holds, so it satisfies `run` as well.
runtime: venv
	@cmp -s requirements/runtime.txt $(VENV)/installed-runtime.txt || { \
	  echo "Installing what the portal needs" && \
	  $(INSTALL) requirements/runtime.txt && cp requirements/runtime.txt $(VENV)/installed-runtime.txt; }

dev: venv
	@cmp -s requirements/dev.txt $(VENV)/installed-dev.txt || { \
	  echo "Installing what the tests need" && \
	  $(INSTALL) requirements/dev.txt && cp requirements/dev.txt $(VENV)/installed-dev.txt && \
	  cp requirements/runtime.txt $(VENV)/installed-runtime.txt; }
