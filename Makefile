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
DAYS ?= 7
PARCELS ?= 10000
LONG := tests/test_story_machine.py tests/test_harbor_with_sandbox.py

.PHONY: demo test test-more test-long check bench bench-long walks crash faults hostile city audit mutants image debian \
	screenshots lock format clean

# Needs only what the bot itself needs; where everything is set up already, that will do.
demo: $(if $(wildcard $(READY)),$(READY),$(DEMO))
	$(BIN)/python -m cli sandbox

# Compiled tests are kept, whatever the environment says: each process would compile all of them anew.
test: $(READY)
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 5 -m "not long and not every_width"

# The rest of the tests: further ways through the page and the command line, further faults, openers and
# themes, the wheel installed, the benchmarks tried.
test-more: $(READY)
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 4 -m "long and not every_width"

# These, walks through the page at every width, and both state machines with forty times as many examples.
test-long: test-more
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 4 -m every_width
	PYTHONDONTWRITEBYTECODE= EXAMPLES=40 $(BIN)/pytest -n 4 $(LONG)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m wording check
	$(BIN)/python -m docs.check
	$(BIN)/python -m docs.secret_scan

# NAMES="taps look" measures these alone.
bench: $(READY)
	$(BIN)/python -m benchmarks $(NAMES)

# What takes longer than anybody waits; NAMES as above.
bench-long: $(READY)
	$(BIN)/python -m benchmarks --long $(NAMES)

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

# A city for some days, on a clock that is turned; what doesn't fit into ten minutes is left out.
city: $(READY)
	$(BIN)/python -m city --days $(DAYS) --parcels $(PARCELS) --seed $(SEED)

# Known weaknesses of what is pinned; where no data can be had it says so.
audit: $(READY)
	$(BIN)/python -m docs.audit

# The image on a base of Debian's own packages, where no registry of images is reached, and a whole
# parcel through a bot in it. As root, with Debian's buildah and debootstrap.
image: $(READY)
	$(BIN)/python -m smoke.image

# A bare Debian, in which docs/deploying.md is followed to the letter. As root, with debootstrap.
debian: $(READY)
	$(BIN)/python -m smoke.debian

screenshots: $(READY)
	$(BIN)/python -m docs.screenshots
	$(BIN)/python -m docs.chats
	$(BIN)/python -m docs.feature_chats
	$(BIN)/python -m docs.parcel_pages

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pins and hashes anew; the files name no index and no host. What the sandbox needs beside the bot is
# small, so that one lock does for servers, the image and the demo.
lock:
	uv pip compile pyproject.toml --extra sandbox --generate-hashes --universal --python-version 3.11 --upgrade \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links -o requirements/run.lock
	uv pip compile pyproject.toml --extra sandbox --extra dev --generate-hashes --universal --python-version 3.11 \
		--upgrade --no-annotate --no-header --no-emit-index-url --no-emit-find-links -o requirements/dev.lock

clean:
	rm -rf .venv build mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Nothing is compiled before somebody imports it, no pip is installed to install the rest, and nothing
# is kept for another time.
$(DEMO): requirements/run.lock
	@echo "Setting up in .venv, once: about 170 MB"
	$(PYTHON) -m venv --without-pip .venv
	$(BIN)/python requirements/install.py --disable-pip-version-check --no-cache-dir --no-compile \
		--require-hashes -r requirements/run.lock
	touch $@

$(READY): pyproject.toml requirements/dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
