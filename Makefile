# Everything is set up by whichever target is asked for first; nothing but Python 3.11 and make is needed.

PYTHON ?= python3.11
PYTHON := $(or $(shell command -v $(PYTHON)),$(shell command -v python3))
BIN := .venv/bin
READY := .venv/.ready
DEMO := .venv/.demo
KILLS ?= 20
SEED ?= 1
UPDATES ?= 10000
FAULT_SECONDS ?= 600
LONG := tests/test_story_machine.py tests/test_harbor_with_sandbox.py

.PHONY: demo test test-long check bench walks crash faults hostile audit mutants screenshots lock format clean

# Needs only what the bot itself needs; where everything is set up already, that will do.
demo: $(if $(wildcard $(READY)),$(READY),$(DEMO))
	$(BIN)/python -m cli sandbox

# Compiled tests are kept, whatever the environment says: each process would compile all of them anew.
test: $(READY)
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 -m "not long"

# What would keep everybody waiting: further faults, openers and themes, the wheel installed, the
# benchmarks tried, and both state machines with forty times as many examples.
test-long: $(READY)
	PYTHONDONTWRITEBYTECODE= EXAMPLES=40 $(BIN)/pytest -n 3 $(LONG)
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 -m long

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

# So many kills in each mode (or in MODE alone): sqlite-polling, sqlite-webhook, postgres-polling, and
# postgres-webhook, where two bots behind a router share the database.
crash: $(READY)
	$(BIN)/python -m crash --kills $(KILLS) --seed $(SEED) $(if $(MODE),--mode $(MODE))

# The story with each fault of Harbor and Telegram, in each call, at each step.
faults: $(READY)
	$(BIN)/python -m faults --seconds $(FAULT_SECONDS) --seed $(SEED)

# Each function of the core with one thing changed: is there a test that fails? MUTANTS="bot.domain.*"
# tries some of them.
mutants: $(READY)
	$(BIN)/python -m tests.support.mutants $(MUTANTS)

# Odd and hostile updates, half of them by polling, half by the webhook.
hostile: $(READY)
	$(BIN)/python -m hostile --updates $(UPDATES) --seed $(SEED)

# Known weaknesses of what is pinned; where no data can be had it says so.
audit: $(READY)
	$(BIN)/python -m docs.audit

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
	rm -rf .venv build mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Nothing is compiled before somebody imports it.
$(DEMO): requirements/run.lock
	@echo "Setting up in .venv, once: about 170 MB"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --no-compile --require-hashes -r requirements/run.lock
	touch $@

$(READY): pyproject.toml requirements/dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
