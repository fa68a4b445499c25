# Everything starts here. `make help` lists the targets; none asks a question except `reset`.
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up test reliability lock check lint types migrations schema schema-check bench vendor migrate shell reset venv venv-dev

# Many containers set it; then every start would compile 2,000 modules again (1.6 s of 2.5).
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
# Checks that only read code need settings, but no servers.
OFFLINE := CLINIC_TESTING=true CLINIC_IGNORE_DOTENV=true \
	DATABASE_URL=postgres://offline@127.0.0.1:1/offline REDIS_URL=redis://127.0.0.1:1/0
CHECKING := CLINIC_TESTING=true CLINIC_IGNORE_DOTENV=true DATA_DIR=.data/test

# The first Python that is new enough; a pyenv shim may exist without a Python behind it, so each one is asked.
BOOTSTRAP = for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then exec $$python bootstrap.py $(1); fi; \
	done; echo 'The portal needs Python 3.11 or newer, and none was found. Install it, or name one: make PYTHON=/path/to/python3 up' >&2; exit 1

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: venv  ## start the portal (PORT=8000, HOST=127.0.0.1, DATA_DIR=.data); Ctrl-C stops it
	@[ -f .env ] || export DEMO="$${DEMO:-true}"; exec $(MANAGE) up --with-parent

test: venv-dev  ## the whole suite with coverage gates (ARGS="-m unit" for a part, without gates)
	@exec $(BIN)/python -m tests.run $(ARGS)

reliability: venv-dev  ## races and live pages at their full figures, with what they measured (half an hour)
	@DOOR_OPERATIONS=20000 BOOKING_OPERATIONS=20000 LIVE_STEPS=200 exec $(BIN)/python -m pytest --timeout=7200 -s $(ARGS) \
		tests/performance tests/unit/phase2/test_appointments_races.py tests/integration/test_webhook_races.py tests/e2e/test_live_pages.py

check: lint types migrations schema-check  ## everything CI checks before the tests

lint: venv-dev  ## style, security, import floors, templates, deployment files
	@exec $(BIN)/python -m tests.lint

types: venv-dev  ## mypy
	@$(OFFLINE) exec $(BIN)/mypy

migrations: venv-dev  ## fails when a model has no migration
	@$(CHECKING) exec $(MANAGE) makemigrations --check --dry-run

schema: venv-dev  ## write the OpenAPI description to docs/openapi.yaml; fails on warnings
	@$(OFFLINE) exec $(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml

schema-check: venv-dev  ## fails when docs/openapi.yaml is not what the code says
	@fresh=$$(mktemp); trap 'rm -f "$$fresh"' EXIT; \
	$(OFFLINE) $(MANAGE) spectacular --validate --fail-on-warn --file "$$fresh" && { diff -u docs/openapi.yaml "$$fresh" \
		|| { echo 'docs/openapi.yaml is not up to date: run make schema and commit it.' >&2; exit 1; }; }

bench: venv-dev  ## benchmarks against floors measured in the same run (ARGS="--only B3")
	@exec $(BIN)/python -m benchmarks $(ARGS)

vendor:  ## copy the browser libraries of package-lock.json into static/vendor (the only target that needs Node)
	@npm ci --no-audit --no-fund && exec npm run --silent vendor

lock: venv  ## choose every version anew within requirements*.txt and write constraints.txt
	@rm -rf .lock && $(BIN)/python -m venv .lock && grep -hv '^-' requirements.txt requirements-dev.txt > .lock/wanted.txt \
		&& .lock/bin/pip install --quiet --disable-pip-version-check --requirement .lock/wanted.txt \
		&& { head -n 1 constraints.txt; .lock/bin/pip freeze; } > .lock/constraints.txt \
		&& mv .lock/constraints.txt constraints.txt; code=$$?; rm -rf .lock; exit $$code

migrate: venv  ## bring the database up to date
	@exec $(MANAGE) migrate

shell: venv  ## a Python shell with the models
	@exec $(MANAGE) shell

reset: venv  ## forget .data: database, files, queues (asks first)
	@exec $(BIN)/python -m clinic.reset

venv:
	@$(call BOOTSTRAP,)

venv-dev:
	@$(call BOOTSTRAP,--dev)
