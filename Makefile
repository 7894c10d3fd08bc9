# The commands of the portal. `make` alone lists them.
# Needs python3 (3.11 or later) with venv, and Debian's base tools; everything else is installed
# into .venv, at the versions and hashes of requirements*.txt.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
ARGS ?=
TORCH ?=
LOCK_ARGS ?=

BIN := $(VENV)/bin
KEY := $(shell cat requirements*.txt pyproject.toml | sha256sum | cut -c1-16)
UV := $(VENV)/.uv-$(shell sha256sum < requirements-uv.txt | cut -c1-16)
SERVER := $(VENV)/.server-$(KEY)
DEV := $(VENV)/.dev-$(KEY)
BROWSER := $(VENV)/.browser-$(KEY)
LEGACY := $(VENV)/.runicorn-0.5.3
TYPESCRIPT := tests/clients/typescript
NODE := $(TYPESCRIPT)/node_modules/.installed-$(shell sha256sum < $(TYPESCRIPT)/package-lock.json | cut -c1-16)
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-annotate $(LOCK_ARGS)
# What a dependency group asks for. By pip, unlike the rest: it heeds what the machine says of torch.
GROUP := $(BIN)/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"][sys.argv[1]])'
CHINESE := locale/zh_Hans/LC_MESSAGES/django.po
# For commands that look at models and never at rows.
NO_DATABASE := DATABASE_URL=sqlite://:memory: RUNICORN_DATABASE_POOL=0

.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-typescript check schema reference messages lock demo screenshots example \
	checkpoints migration-check bench bench-pages bench-dedup coverage clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

run: $(SERVER) ## serve the portal on http://127.0.0.1:23300 until Ctrl-C
	@setpriv --pdeathsig TERM $(BIN)/python manage.py serve

test: $(DEV) ## run every test, in parallel, on a PostgreSQL of their own (ARGS="-k name")
	@$(BIN)/pytest -m "not browser" $(ARGS)

# Without a chromium, and where none can be installed, they are skipped and say so.
test-browser: $(BROWSER) ## run the tests in a real browser, which is installed when root asks
	@command -v chromium chromium-browser >/dev/null || test "$$(id -u)" != 0 \
		|| { apt-get -o DPkg::Lock::Timeout=600 update -qq \
			&& apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends chromium; } \
		|| echo "chromium could not be installed"
	@$(BIN)/pytest -m browser -n2 --dist loadfile -rs $(or $(ARGS),tests/browser)

# Without node, and where it cannot be installed, they are skipped and say so.
test-typescript: $(DEV) ## make a TypeScript client from docs/openapi.yml, and try it on a portal
	@command -v npm >/dev/null || test "$$(id -u)" != 0 \
		|| { apt-get -o DPkg::Lock::Timeout=600 update -qq \
			&& apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends nodejs npm; } \
		|| echo "node could not be installed"
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory $(NODE)
	@$(BIN)/pytest -n0 -rs $(or $(ARGS),tests/clients/test_typescript.py)

check: $(DEV) ## format, lint, imports, types, migrations, templates, spelling, schema, reference, locks
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(NO_DATABASE) $(BIN)/python manage.py makemigrations --check --dry-run
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(BIN)/typos
	$(NO_DATABASE) $(BIN)/python manage.py spectacular --validate --fail-on-warn | diff docs/openapi.yml -
	$(BIN)/python docs/reference.py --check
	! grep -nE '://|--(extra-)?index|--find-links' requirements*.txt

schema: $(DEV) ## write docs/openapi.yml from the code
	$(NO_DATABASE) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yml

reference: $(DEV) ## write docs/cli.md from the program and docs/sdk.md from the docstrings
	$(BIN)/python docs/reference.py

messages: $(DEV) ## collect the texts of the pages for their translation, and compile it
	$(BIN)/pybabel -q extract -F locale/babel.cfg -k gettext_lazy -k ngettext_lazy:1,2 \
		-k say --no-location --omit-header --sort-output -o $(VENV)/django.pot .
	$(BIN)/pybabel -q update -D django -l zh_Hans -i $(VENV)/django.pot -d locale \
		--no-fuzzy-matching --ignore-obsolete --no-wrap
	sed -i -E '/@ADDRESS|@li.org|YEAR-MO|-Creation-Date|Generated-By/d' $(CHINESE)
	$(BIN)/pybabel -q compile -D django -d locale

lock: $(UV) ## pin the dependencies again (LOCK_ARGS=--upgrade for the newest)
	$(COMPILE) pyproject.toml --extra server --group dev --group build -o requirements-dev.txt
	$(COMPILE) pyproject.toml --extra server --group build -c requirements-dev.txt -o requirements.txt
	$(COMPILE) --group browser -c requirements-dev.txt -o requirements-browser.txt
	$(BIN)/uv --version | cut -d' ' -f2 | sed 's/^/uv==/' | $(COMPILE) - -o requirements-uv.txt

screenshots: $(BROWSER) ## keep a picture of every page, with the demo on it, in docs/screenshots
	@mkdir -p docs/screenshots
	@SCREENSHOTS=docs/screenshots $(BIN)/pytest -m browser -n0 -q tests/browser/test_every_page.py

demo: $(SERVER) ## fill an empty portal with 60 artifacts and 400 versions, or start one that has them
	@$(BIN)/python -m examples.demo $(ARGS)

example: $(SERVER) ## train a small model and log it to a running portal
	$(INSTALL) --group examples -c requirements-dev.txt
	$(BIN)/python examples/first_model.py

checkpoints: $(SERVER) ## train a network, keep 20 checkpoints in a running portal, check it (TORCH=1: .pth too)
	$(INSTALL) --group checkpoints -c requirements-dev.txt
	$(if $(TORCH),$(GROUP) torch | xargs $(BIN)/python -m pip install --quiet)
	$(BIN)/python examples/checkpoints.py $(ARGS)

migration-check: $(DEV) ## import, compare and export a store that the real Runicorn 0.5.3 writes
	@test -x $(LEGACY)/bin/python || $(PYTHON) -m venv $(LEGACY)
	@if $(LEGACY)/bin/python -m pip install --quiet --disable-pip-version-check runicorn==0.5.3; \
		then $(BIN)/python -m tests.legacy.check_migration $(LEGACY)/bin/python; \
		else echo "skipped: the package runicorn 0.5.3 cannot be had here"; fi

bench: $(DEV) ## measure lists and transfers beside a baseline of the same run
	$(BIN)/python -m benchmarks.lists
	$(BIN)/python -m benchmarks.transfer
	$(BIN)/python -m benchmarks.many_files
	$(BIN)/python -m benchmarks.broken_transfers

bench-pages: $(DEV) ## measure every page with 100 000 artifacts beside 100 (ARGS="--artifacts 5000")
	@$(BIN)/python -m benchmarks.pages $(ARGS)

bench-dedup: $(DEV) ## measure what dedup inside files saves (ARGS="--count 100 --size-mib 64")
	-@$(INSTALL) --group bench -c requirements-dev.txt
	@$(BIN)/python -m benchmarks.dedup $(ARGS)

coverage: $(DEV) ## the tests again, with the lines that none of them reaches
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

clean: ## remove .venv and every cache; keeps var/, the data
	rm -rf $(VENV) $(TYPESCRIPT)/node_modules dist .coverage .coverage.* .hypothesis .*_cache
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The portal needs Python 3.11 or later: make PYTHON=python3.11")'
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

$(SERVER): $(UV)
	@echo "Installing the portal …"
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(SERVER)
	@echo "Installing the tools …"
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

$(NODE):
	@echo "Installing what makes a TypeScript client …"
	@npm ci --prefix $(TYPESCRIPT) --silent --no-audit --no-fund
	@touch $@

$(BROWSER): $(DEV)
	@echo "Installing what drives the browser …"
	@$(INSTALL) --require-hashes -r requirements-browser.txt
	@touch $@
