# The project's commands; `make help` lists them. Each one installs what it needs, without root and without a system
# PostgreSQL: an embedded one runs if DATABASE_URL is not set.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export TRAITLY_DATA_DIR ?= $(CURDIR)/var

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# Reinstalls only when the requirements change, so everything works offline after the first time.
$(VENV)/%.installed: %.txt requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $<" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/benchmarks.installed: benchmarks/requirements.txt $(VENV)/requirements.installed
	@echo "Installing $<" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.PHONY: run
run: $(VENV)/requirements.installed ## Set up everything and serve on PORT (8000); data is kept in TRAITLY_DATA_DIR (var).
	@PORT=$(PORT) $(BIN)/python -m traitly.server.port
	@$(BIN)/python manage.py migrate --verbosity 0
	@PORT=$(PORT) $(BIN)/python manage.py quickstart
	@$(BIN)/python manage.py run_worker --with-parent & PORT=$(PORT) exec $(BIN)/gunicorn traitly.wsgi

.PHONY: demo
demo: $(VENV)/requirements.installed ## While `make run` serves: fill the first account with example customers and 90 days of events.
	@PORT=$(PORT) $(BIN)/python manage.py demo

# These have their own targets.
LEFT_OUT := --ignore=tests/browser --ignore=tests/sdks --ignore=tests/feed/test_faults.py --ignore=tests/faults

.PHONY: test
test: $(VENV)/requirements-dev.installed ## Run the tests, except slow ones and those in a browser, with coverage; ARGS="tests/http -k gzip" runs some.
ifdef ARGS
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)
else
	@$(BIN)/python -m slipcover -m pytest -n auto --dist loadgroup -m "not slow" $(LEFT_OUT)
	@$(BIN)/python -c 'import json; print("Coverage: {percent_covered:.1f} % of lines".format(**json.load(open(".coverage.json"))["summary"]))'
endif

.PHONY: slow
slow: $(VENV)/requirements-dev.installed ## Run the slow tests, which start servers and wait for them.
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m slow $(LEFT_OUT)

.PHONY: faults
faults: $(VENV)/requirements-dev.installed ## Do harm for half an hour: kill -9, a database in trouble, hostile clients; ARGS="-k kill" does some.
	@MODEL_RUNS=200 MODEL_STEPS=50 $(BIN)/python -m pytest -rP tests/feed/test_faults.py tests/faults tests/test_model.py $(ARGS)

.PHONY: soak
soak: $(VENV)/requirements-dev.installed ## Half the load that a server holds, for MINUTES (60): what its processes grow by.
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),60)

.PHONY: browser
browser: $(VENV)/requirements-dev.installed ## Run the browser tests; Chromium or Chrome must be installed.
	@$(BIN)/python -m pytest tests/browser

.PHONY: screenshots
screenshots: $(VENV)/requirements-dev.installed ## Renew the pictures in docs/images, from what `make run` serves and `make demo` filled.
	@PORT=$(PORT) $(BIN)/python -m tests.browser.screenshots

.PHONY: fuzz
fuzz: $(VENV)/requirements-dev.installed ## Try the API with schemathesis, half a minute; ARGS="--max-examples 200" tries over 5,000 cases.
	@$(BIN)/python -m tests.fuzz $(or $(ARGS),--max-examples 5)

.PHONY: sdks
sdks: $(VENV)/requirements-dev.installed ## Run Segment's own SDKs against a server: Python's, and those of node, go and mvn if installed.
	@$(MAKE) --no-print-directory -f tests/sdks/Makefile PYTHON=$(BIN)/python
	@$(BIN)/python -m pytest tests/sdks

.PHONY: lint
lint: $(VENV)/requirements-dev.installed ## Check style, types, the direction of imports, migrations and deployment settings.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	HTTPS=true $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py write_openapi --check
	@$(MAKE) --no-print-directory spectral

# Spectral's rules for OpenAPI. They need node; without it, tests/reference still checks docs/openapi.json.
SPECTRAL := @stoplight/spectral-cli@6.16.3
.PHONY: spectral
spectral:
	@if command -v npx >/dev/null; then npx --yes --package=$(SPECTRAL) spectral lint --fail-severity=hint docs/openapi.json; \
	else echo "Skipped Spectral's check of docs/openapi.json: there is no node."; fi

APPS := traitly accounts rejections customers events feed segment transfer assistants reference portal operators
.PHONY: audit
audit: $(VENV)/requirements-dev.installed ## Look for known weaknesses: bandit in the code, pip-audit in the packages.
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(APPS) clients/python/src gunicorn.conf.py manage.py
	@$(BIN)/python -m tests.audit requirements.txt requirements-dev.txt benchmarks/requirements.txt

.PHONY: openapi
openapi: $(VENV)/requirements-dev.installed ## Renew docs/openapi.json, with examples of the server's current responses.
	@RECORD_EXAMPLES=1 $(BIN)/python -m pytest -q tests/reference/test_examples.py
	@$(BIN)/python manage.py write_openapi

.PHONY: check
check: lint audit test slow fuzz browser ## Everything that CI checks.

.PHONY: clients
clients: $(VENV)/requirements-dev.installed ## Test, build and install the client libraries; without Node, only Python's.
	@$(MAKE) --no-print-directory -C clients check

.PHONY: clients-types
clients-types: ## Renew the generated code of the client libraries, for example from docs/openapi.json.
	@$(MAKE) --no-print-directory -C clients types

.PHONY: bench
bench: $(VENV)/benchmarks.installed ## Measure against limits and alternatives, half an hour; ARGS="--quick" tries it.
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: growth
growth: $(VENV)/benchmarks.installed ## Measure how cost grows: rows, batch sizes, connections, accounts.
	@$(BIN)/python -m benchmarks.growth $(ARGS)

# One set of pins with hashes for every platform and for Python 3.11 or later, so that all installs are the same.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

.PHONY: lock
lock: $(VENV)/requirements-dev.installed ## Write the requirements*.txt files from the *.in files.
	@$(LOCK) $(UPGRADE) requirements.in --output-file requirements.txt
	@$(LOCK) $(UPGRADE) requirements-observability.in --constraints requirements.txt --output-file requirements-observability.txt
	@$(LOCK) $(UPGRADE) requirements-dev.in --constraints requirements.txt --output-file requirements-dev.txt
	@$(LOCK) $(UPGRADE) benchmarks/requirements.in --output-file benchmarks/requirements.txt
	@$(LOCK:3.11=3.10) $(UPGRADE) clients/python/requirements-dev.in --output-file clients/python/requirements-dev.txt

.PHONY: upgrade
upgrade: ## Upgrade what the *.in files do not pin, within their bounds; then run make check.
	@$(MAKE) lock UPGRADE=--upgrade

.PHONY: fix
fix: $(VENV)/requirements-dev.installed ## Format, and fix what can be fixed automatically.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove the virtual environment and caches; not the data.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache staticfiles
