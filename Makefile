# Everything is set up by whichever target is asked for first; nothing but Python 3.11 and make is needed.

PYTHON ?= python3.11
PYTHON := $(or $(shell command -v $(PYTHON)),$(shell command -v python3))
BIN := .venv/bin
READY := .venv/.ready
KILLS ?= 20
SEED ?= 1

.PHONY: demo test check bench walks crash faults screenshots lock format clean

demo: $(READY)
	$(BIN)/lockerbot sandbox

test: $(READY)
	$(BIN)/pytest -n 3 --dist loadgroup

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m wording check
	$(BIN)/python -m docs.check
	$(BIN)/python -m docs.secret_scan

bench: $(READY)
	$(BIN)/python -m benchmarks

walks: $(READY)
	$(BIN)/python -m benchmarks.walks

# Twice: one bot that polls, on SQLite; then two behind a router, which share a PostgreSQL.
crash: $(READY)
	$(BIN)/python -m crash --kills $(KILLS) --seed $(SEED)

# The story with each fault of Harbor and Telegram, in each call, at each step.
faults: $(READY)
	$(BIN)/python -m faults

screenshots: $(READY)
	$(BIN)/python -m docs.screenshots
	$(BIN)/python -m docs.chats
	$(BIN)/python -m docs.parcel_pages

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pins and hashes anew; the files name no index and no host.
lock:
	uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 --upgrade \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links -o requirements/run.lock
	uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--upgrade --no-annotate --no-header --no-emit-index-url --no-emit-find-links -o requirements/dev.lock

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml requirements/dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
