# Every target sets itself up: a virtual environment in .venv, and this project with its tools in it.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test coverage check compliance matrix bench fuzz format clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## migrate, snapshot, wreck, restore, test the sample project; prints a table
	@$(BIN)/python -m sample_project.demo

test: $(READY) ## run the whole test suite
	$(BIN)/python -m pytest -n auto $(PYTEST_FLAGS)

coverage: $(READY) ## the same, and what it covered, also in subprocesses and threads
	@rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest -n auto
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

check: $(READY) ## formatter, linter, types, import walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

compliance: $(READY) ## judge the stand-in by SQLAlchemy's own dialect suite
	$(BIN)/python -m tests.compliance

matrix: $(READY) ## test against every supported Alembic and SQLAlchemy line
	$(BIN)/python -m tests.matrix

bench: $(READY) ## measure; prints ratios, each with its limit
	@$(BIN)/python -m tests.bench

fuzz: $(READY) ## fuzz the wire of the stand-in, five minutes (Linux)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=2.3"
	$(BIN)/python -m tests.fuzz $(FUZZ_FLAGS)

format: $(READY) ## format the code and sort its imports
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean: ## remove the virtual environment and everything that was made
	rm -rf .venv .venv-bootstrap .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* demo.out

# Debian splits venv off from Python; virtualenv, which pip can fetch, does the same.
$(READY): pyproject.toml
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv 2>/dev/null || { \
		$(PYTHON) -m pip install --quiet --target .venv-bootstrap virtualenv && \
		PYTHONPATH=.venv-bootstrap $(PYTHON) -m virtualenv --quiet .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@
