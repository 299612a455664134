# `make run` and `make test` each make a virtual environment of their own and keep it until setup.cfg
# or the list of test dependencies changes.

# The newest one that runs: a name on the path may be a version manager's stand-in for nothing.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
JOBS ?= 2
PYTEST_ARGS ?=
ARGS ?=

RUN := .venv-run
TEST := .venv-test
PACKAGING := setup.cfg pyproject.toml
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: help run test test-full lint format samples clean

help:
	@echo 'make run        serve on http://127.0.0.1:8888 (ARGS="--config-file ..." for options)'
	@echo 'make test       run the tests that need nothing but Python (PYTEST_ARGS=...)'
	@echo 'make test-full  what that leaves out: full counts, and what this machine has besides'
	@echo 'make lint       style and types'
	@echo 'make format     put the sources into the agreed format'
	@echo 'make samples    write the samples in etc/ and the generated pages in docs/ anew'
	@echo 'make clean      remove what all of these made'

run: $(RUN)/.installed
	@exec $(RUN)/bin/angarium-server $(ARGS)

test: $(TEST)/.installed
	$(TEST)/bin/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-full: $(TEST)/.installed
	@command -v chromium >/dev/null || echo 'ABSENT: Chromium: no page is tried in a browser.' >&2
	tests/tools/with_mariadb env ANGARIUM_TEST_FULL=1 \
	    $(TEST)/bin/python -m pytest -n $(JOBS) --beyond-default $(PYTEST_ARGS)
	ANGARIUM_TEST_MONGODB_WHOLE=1 \
	    $(TEST)/bin/python -m pytest -n $(JOBS) tests/storage/test_mongodb.py

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy

format: $(TEST)/.installed
	$(TEST)/bin/ruff check --fix .
	$(TEST)/bin/ruff format .

samples: $(TEST)/.installed
	$(TEST)/bin/python -m tests.tools.samples

clean:
	rm -rf $(RUN) $(TEST) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find framework plugins schemas tests contrib -name __pycache__ -type d -prune -exec rm -rf {} +

define make_environment
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo 'Python 3.11 or later is needed; name it with PYTHON=...' >&2; exit 1; }
	@echo 'Making the virtual environment $(@D) with $(PYTHON) ...'
	@$(PYTHON) -m venv --clear $(@D) || \
	    { echo 'No virtual environment; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'Installing Angarium and what it needs (a minute or two) ...'
endef

$(RUN)/.installed: $(PACKAGING)
	$(make_environment)
	@$(RUN)/bin/pip install $(PIP_FLAGS) --editable .
	@touch $@

$(TEST)/.installed: $(PACKAGING) tests/requirements.txt
	$(make_environment)
	@$(TEST)/bin/pip install $(PIP_FLAGS) --editable '.[all]' --requirement tests/requirements.txt
	@touch $@
