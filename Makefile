# One command each; all of them make the environment they need (.venv), and only when requirements.lock changed.
SHELL := bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
CHROMIUM ?= /usr/bin/chromium
export PYTHON INSTALLER CHROMIUM
# Some container images forbid it; then each of the many processes of a report and of the tests compiles pandas anew.
unexport PYTHONDONTWRITEBYTECODE
# Where the home cannot be written, as in many containers, what is started here keeps its caches in build/ instead.
# Settings in it are still read: those of pip and uv, and the credentials of AWS.
ifneq ($(shell [ -d "$$HOME" ] && [ -w "$$HOME" ] && echo kept),kept)
export XDG_CACHE_HOME ?= $(CURDIR)/build/home/cache
export MPLCONFIGDIR ?= $(CURDIR)/build/home/matplotlib
export IPYTHONDIR ?= $(CURDIR)/build/home/ipython
export JUPYTER_CONFIG_DIR ?= $(CURDIR)/build/home/jupyter/config
export JUPYTER_DATA_DIR ?= $(CURDIR)/build/home/jupyter/data
export JUPYTER_RUNTIME_DIR ?= $(CURDIR)/build/home/jupyter/runtime
endif

BIN := .venv/bin
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest --maxprocesses 4 --numprocesses
# One of the long tests waits for minutes on an AWS that slows it down: a worker more.
LONG := $(if $(filter auto,$(WORKERS)),$(shell expr $$(getconf _NPROCESSORS_ONLN) + 1),$(WORKERS))

.PHONY: help environment engine report test test-long test-browser lint lab aws-stand-in docs bench mutate lock clean

help: ## this list
	@echo "make TARGET [PYTHON=python3.12] [INSTALLER=pip] [CHROMIUM=/path/to/chrome] [WORKERS=1]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

environment: ## .venv, as requirements.lock says
	@.ci/environment

engine: environment ## the compiled engine, where it is not yet: most of a minute, once for this checkout
	@$(BIN)/python -m tools.compile_engine

report: environment ## the report on the sample plans: build/report.html and build/verdict.json
	@$(BIN)/wavecast report --rules data/rules/storefront.yaml --out build

lint: environment ## ruff and mypy
	@echo "lint: ruff check" && $(BIN)/ruff check --quiet .
	@echo "lint: ruff format" && $(BIN)/ruff format --quiet --check .
	@echo "lint: mypy" && $(BIN)/mypy --no-error-summary

# notebooks/1-why-waves.ipynb runs in tests/test_exercises.py, solutions included, the report and the replay through
# papermill in tests/test_notebooks.py; all of them in the browser.
test: environment ## lint, the tests, and every notebook from top to bottom (under 10 minutes)
	@$(MAKE) --jobs=2 lint engine
	@echo "test: pytest, notebooks included"
	@$(PYTEST) $(WORKERS) --nbval-lax tests $(filter-out notebooks/1-% notebooks/3-% notebooks/report.ipynb,$(wildcard notebooks/*.ipynb))

test-long: engine ## the big statistical runs
	@echo "test-long: pytest -m long"
	@$(PYTEST) $(LONG) -m long

test-browser: engine ## the report and the notebooks in Chromium, installed where root
	@.ci/chromium
	@echo "test-browser: pytest -m browser"
	@$(PYTEST) $(WORKERS) -m browser

lab: environment ## JupyterLab on the notebooks; root is let in, on the loopback only, as Jupyter's own refusal would not help
	@$(BIN)/jupyter lab notebooks --ServerApp.ip=127.0.0.1 --LabApp.app_settings_dir=tools/lab \
	    $(if $(filter 0,$(shell id -u)),--allow-root --no-browser)

aws-stand-in: environment ## an AWS on loopback, to try the kit without an account; ARGS="--help" says what it can do
	@$(BIN)/python -m tests.aws_stand_in $(ARGS)

docs: environment ## the parts of docs/ that are made from the code, and the notebooks to work in, anew
	@for page in fields rules command worked; do \
	    $(BIN)/python -m tools.render_$$page >docs/$$page.md.new && mv docs/$$page.md.new docs/$$page.md || exit 1; done
	@$(BIN)/python -m tools.render_schemas docs/schemas
	@$(BIN)/python -m tools.cut_exercises

bench: environment ## speed and cost, with the machine's description
	@$(BIN)/python -m benchmarks

mutate: environment ## small changes to the code, each of which the tests shall notice: some hours, not in CI
	@$(BIN)/python -m tests.mutation $(MUTATE)

lock: environment ## requirements.lock and environment.yml, anew from pyproject.toml
	@.ci/lock

clean: ## everything that was made, .venv too
	rm -rf .venv build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
