# Two commands for a newcomer: `make run` and `make test`. Nothing outside .venv and var is written, save the
# distribution's packages that `sunwai setup` asks apt-get for.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/stamp
SUNWAI := $(BIN)/sunwai
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

MINUTES ?= 5

.PHONY: run test check bench speech chaos soak clean python-venv

run: $(STAMP)  ## set up what is missing, start the line, prove it; ONCE=1 ends after the proof
	$(SUNWAI) setup
	$(SUNWAI) run --prove $(if $(ONCE),--once)

test: $(STAMP)  ## every lane
	$(SUNWAI) setup --for-tests
	$(BIN)/pytest

check: $(STAMP)  ## the quick one: format, lint, types, imports, unit lane
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit

bench: $(STAMP)  ## our line beside a native dialplan of the same flow
	$(SUNWAI) setup --for-tests
	$(SUNWAI) bench $(if $(filter speech,$(MAKECMDGOALS)),--speech)

# `make bench speech`: only the hearing.
speech:
	@:

chaos: $(STAMP)  ## a line of its own under load while its processes are killed and stopped; MINUTES=5, SEED=n
	$(SUNWAI) setup --for-tests
	$(SUNWAI) chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

soak: MINUTES = 10
soak: $(STAMP)  ## a line of its own under a steady load: memory flat, nothing left; MINUTES=10, RATE=calls a second
	$(SUNWAI) setup --for-tests
	$(SUNWAI) soak --minutes $(MINUTES) $(if $(RATE),--rate $(RATE))

clean:  ## the virtual environment and what tools leave behind; var (books, recordings, Asterisk) stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Made anew when pyproject.toml is newer, so that a pull brings its dependencies.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sunwai needs Python 3.11 or newer: name one, as in \`make run PYTHON=python3.12\`" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) --no-print-directory python-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Debian's Python comes without venv.
python-venv:
	@command -v apt-get >/dev/null || { echo "Python's venv is missing: install it by your system's means" >&2; exit 1; }
	$(AS_ROOT) apt-get install --yes --no-install-recommends python3-venv || \
		{ $(AS_ROOT) apt-get update && $(AS_ROOT) apt-get install --yes --no-install-recommends python3-venv; }
