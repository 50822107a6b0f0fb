# Needs Python 3.11 and make, nothing else. `make run` starts everything, `make test` checks everything.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
BIN := .venv/bin
# What is done when tests are red; .ci/run looks at them once more.
IF_RED := $(if $(SECOND_LOOK),$(BIN)/python .ci/second_look.py,exit)
CODE := ductape_site products processors tests bench manage.py

.DEFAULT_GOAL := run
.PHONY: run setup assets traces audit test lint format-check types imports migrations-check templates pytest fuzz fuzz-api fuzz-importers fuzz-expressions format bench clean

run: setup
	@exec $(BIN)/ductape up

setup:
	@test -n "$(PYTHON)" || { echo "Ductape needs Python 3.11, and no python3 was found."; exit 1; }
	@$(PYTHON) -I ductape_site/cli/install.py

assets: setup

# The packages that send traces, aside from the environment: the tests of traces use them there.
traces: setup
	@test var/otel/.installed -nt requirements-otel.lock || { rm -rf var/otel && \
	  $(BIN)/uv pip install --quiet --require-hashes --target var/otel -r requirements-otel.lock && \
	  touch var/otel/.installed; }

# What others know of our packages, and what our own rules say of our code. The tool stands aside from the environment.
audit: setup
	@test var/audit/.installed -nt requirements-audit.lock || { rm -rf var/audit && \
	  $(BIN)/uv pip install --quiet --require-hashes --target var/audit -r requirements-audit.lock && \
	  touch var/audit/.installed; }
	$(BIN)/ruff check --select S $(CODE)
	$(BIN)/python -m pytest -q tests/architecture -k D11
	$(BIN)/python .ci/audit.py

# Stops at the first part that fails.
test: setup
	@$(MAKE) --no-print-directory lint format-check types imports migrations-check templates pytest

lint:
	$(BIN)/ruff check $(CODE)

format-check:
	$(BIN)/ruff format --check $(CODE)

types:
	$(BIN)/mypy ductape_site products processors manage.py

imports:
	$(BIN)/lint-imports

migrations-check:
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run --settings ductape_site.settings.test

templates:
	$(BIN)/djlint templates --lint --quiet --profile=django

# Process tests serve the built files as an installation does. Browser tests keep an event loop running in their process,
# in which no asynchronous test could run any more: they have a process of their own.
pytest:
	@SECRET_KEY=collecting DATABASE_URL=postgresql://nobody@127.0.0.1:1/none VALKEY_URL=redis://127.0.0.1:1/0 LOG_LEVEL=WARNING \
		$(BIN)/python manage.py collectstatic --noinput --verbosity 0 --settings ductape_site.settings.dev
	$(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadgroup -m "not browser" $(ARGS) || $(IF_RED) $$?
	$(BIN)/python -m pytest -m browser $(ARGS) || \
		{ code=$$?; [ $$code -eq 5 ] || $(IF_RED) $$code; } # 5: ARGS chose none of them

# Asks every REST operation many more times what its schema allows and what it does not: EXAMPLES=1000 SEED=7 make fuzz-api
fuzz-api: setup
	EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/python -m pytest tests/products/api/test_fuzz.py $(ARGS)

format: setup
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: setup
	$(BIN)/python -m bench

# Kills, freezes and cuts off what a Ductape of its own consists of, under load, and counts what was lost or doubled.
# FEATURES=1: runs of ten steps with branches, a loop and a child.
chaos: setup
	$(BIN)/python -m tests.chaos --seconds $(or $(SECONDS),120) $(if $(SEED),--seed $(SEED)) $(if $(FEATURES),--features)

# 100,000 damaged documents; COUNT, SEED and START choose others.
fuzz-importers: setup
	nice $(BIN)/python -m tests.fuzz --count $(or $(COUNT),100000) --seed $(or $(SEED),1) --start $(or $(START),0)

# Expressions, conditions and definitions of features, by inputs that are guided by coverage: SECONDS=600 make fuzz
# The tool stands aside from the environment.
fuzz: setup
	@test var/atheris/.installed -nt requirements-fuzz.lock || { rm -rf var/atheris && \
	  $(BIN)/uv pip install --quiet --require-hashes --target var/atheris -r requirements-fuzz.lock && \
	  touch var/atheris/.installed; }
	PYTHONPATH=var/atheris nice $(BIN)/python -m tests.fuzz.language --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(FILES)

# Any expression over any data gives JSON or its own error.
fuzz-expressions: setup
	EXAMPLES=$(or $(EXAMPLES),20000) nice $(BIN)/python -m pytest tests/products/expressions/test_fuzz.py $(ARGS)

# Removes what can be made again; the data in var/ stays.
clean:
	rm -rf .venv node_modules static/dist staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
