# `make run` and `make test` each do all of their own set-up; the second time they are quick. `make help` lists the rest.
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check -qq
PYTEST := $(BIN)/pytest -q --no-header
WORKERS ?= 2
BROWSERS ?= 2
# Tests that measure time or kill processes have the machine to themselves.
ALONE := crash or serial
# Tests of which there is nothing short.
SHORT ?= and not full
# A choice of tests may have none of one sort (5); all tests may not.
PARTIAL = || { [ $$? -eq 5 ] && [ -n "$(TESTS)" ]; }
# The tests that pass under any BASE_URL, of those that were asked for.
UNDER_ROOT = $(if $(TESTS),$(filter tests/browser%,$(TESTS)),tests/browser)
say = @printf '\033[1m%s\033[0m\n' "$(1)"

.PHONY: help run dev test test-together test-browser test-alone test-full test-agents check format lock bench clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: $(VENV)/.run ## start the daemon; make run PORT=3001 for another port, ARGS=… for its flags
	@exec $(BIN)/python -m agentguid $(ARGS)

dev: $(VENV)/.run ## the same for work on it: code, templates and styles are taken up as they change
	@exec $(BIN)/python scripts/dev $(ARGS)

test: check test-together test-browser test-alone ## all checks with the short numbers; make test TESTS=tests/cli for some tests

test-together: $(VENV)/.browser
	$(call say,tests)
	@$(PYTEST) -n $(WORKERS) --dist loadfile -m "not agents $(SHORT) and not (browser or $(ALONE))" $(TESTS) $(PARTIAL)

test-browser: $(VENV)/.browser
	$(call say,tests in a browser)
	@$(PYTEST) -n $(BROWSERS) --dist loadfile -m "browser and not agents $(SHORT) and not ($(ALONE))" $(TESTS) $(PARTIAL)

test-alone: $(VENV)/.browser
	$(call say,tests that want the machine to themselves)
	@$(PYTEST) -m "($(ALONE)) and not agents $(SHORT)" $(TESTS) $(PARTIAL)

test-full: check ## all checks with the long numbers (an hour)
	@AGENTGUID_FULL=1 $(MAKE) --no-print-directory --keep-going SHORT= test-together test-browser test-alone
	$(call say,tests in a browser again without a prefix)
	@[ -z "$(UNDER_ROOT)" ] || AGENTGUID_FULL=1 AGENTGUID_TEST_BASE=/ $(MAKE) --no-print-directory SHORT= TESTS="$(UNDER_ROOT)" test-browser

test-agents: $(VENV)/.browser ## the genuine agent programs, from their registry, against a scripted model; AGENTS=claude-code for one
	@AGENTGUID_TEST_AGENTS="$(AGENTS)" $(PYTEST) -m agents $(TESTS)

check: $(VENV)/.dev ## format, lint, types and the rules of import
	$(call say,format lint types imports)
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "make format puts that right"; exit 1; }
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports 2>&1) || { echo "$$said"; exit 1; }

format: $(VENV)/.dev ## lay out the code and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## resolve the dependencies anew; make lock UPGRADE=1 takes the newest of everything
	@mkdir -p build
	@UPGRADE=$(UPGRADE) PYTHON=$(PYTHON) scripts/lock
	@grep -c '^[a-z]' requirements.lock requirements-dev.lock

bench: $(VENV)/.dev ## the benchmarks; ARGS=… for one of them
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what was built; the data of the daemon stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find agentguid tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@python=$$(PYTHON="$(PYTHON)" scripts/python) && \
	echo "setting up $(VENV) with $$($$python --version)" && $$python -m venv $(VENV)

# The runtime only: what a user needs.
$(VENV)/.run: requirements.lock pyproject.toml $(VENV)/pyvenv.cfg
	@echo "installing what agentguid runs on (once; about a minute)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The development lock holds the same versions and more.
$(VENV)/.dev: requirements-dev.lock pyproject.toml $(VENV)/pyvenv.cfg
	@echo "installing what agentguid is checked with (once; a few minutes)"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

$(VENV)/.browser: $(VENV)/.dev
	@scripts/chromium $(BIN)/python
	@touch $@
