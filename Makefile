# Everything starts here: `make demo` to try, `make test` to be sure, `make help` for the rest. Needed are python3 (3.10 or later, with
# venv), node (20 or later), make and git; all else is installed into .venv and node_modules.

PYTHON ?= python3
LAB ?= 1
BIN := .venv/bin

# jlpm, jupyter-builder and jupyter are those of .venv, for the scripts in package.json and the tests as well.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What the built front end depends on.
FRONTEND := package.json tsconfig.json $(shell find src style schema -type f ! -path '*/__tests__/*' 2>/dev/null)
LABEXTENSION := jupyterlab_rob/labextension/package.json
INSTALL := $(BIN)/python -m pip install --quiet --no-build-isolation --check-build-dependencies

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test check test-python test-package test-frontend test-browser bench soak clean distclean

help: ## Show this list
	@echo "make TARGET, where TARGET is"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

demo: .venv/.installed ## Submit the examples in the terminal, then open JupyterLab (LAB=0: only the terminal)
	$(BIN)/python scripts/demo.py $(if $(filter 0 no,$(LAB)),--no-lab)

test: check test-python test-package test-frontend test-browser ## Run the checks and all tests
	@echo "All checks and tests passed."

check: .venv/.test-tools node_modules/.installed ## Types, linters and formatters, Python and TypeScript
	$(BIN)/mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/jlpm lint:check

test-python: .venv/.test-tools ## Python tests only
	sh scripts/bubblewrap.sh >/dev/null || [ "$$(uname)" != Linux ]
	-sh scripts/rkernel.sh >/dev/null
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

test-package: .venv/.test-tools ## Build the wheel and look whether all is in it
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-build-isolation --check-build-dependencies --no-deps --wheel-dir dist .
	$(BIN)/python scripts/check_wheel.py dist

test-frontend: node_modules/.installed ## TypeScript tests only
	$(BIN)/jlpm test

test-browser: .venv/.test-tools ui-tests/node_modules/.installed ## Browser tests only
	chromium="$$(sh scripts/chromium.sh)" && cd ui-tests && CHROMIUM_PATH="$$chromium" ROB_UI_PORT="$$(python ../scripts/free_port.py)" jlpm test

bench: .venv/.installed ## Time runs beside papermill, the leaderboard and files beside flowserv
	$(BIN)/python scripts/bench_runs.py
	$(BIN)/python scripts/bench_events.py
	$(BIN)/python scripts/bench_leaderboard.py
	$(BIN)/python scripts/bench_files.py

soak: .venv/.installed ## Kill the service 100 times under load, and look whether all runs still end well
	$(BIN)/python scripts/soak.py

clean: ## Remove what was built, and the demo's data
	if [ -d .demo ] && [ -x $(BIN)/python ]; then $(BIN)/python scripts/demo.py --stop; fi
	rm -rf .demo lib tsconfig.tsbuildinfo jupyterlab_rob/labextension jupyterlab_rob/_version.py dist coverage junit.xml
	rm -rf .mypy_cache .pytest_cache .ruff_cache .eslintcache .stylelintcache ui-tests/test-results ui-tests/playwright-report
	rm -rf .venv/.installed .venv/.test-tools examples/predictions.txt examples/top-tagger-features examples/top-tagger-scores.npy

distclean: clean ## Remove everything that make has installed, too
	rm -rf .venv node_modules ui-tests/node_modules

# -- How things come to be installed. Each file named .installed or the like is touched when its step is done. --

# The tools of the build; jlpm, JupyterLab's yarn, comes with jupyter-builder.
.venv/.build-tools: scripts/check_tools.sh
	sh scripts/check_tools.sh "$(PYTHON)"
	"$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet "hatchling>=1.27" "hatch-nodejs-version>=0.3.2" "hatch-jupyter-builder>=0.9" \
		"jupyter-builder>=1.2,<2" editables
	touch $@

node_modules/.installed: package.json yarn.lock .yarnrc.yml .venv/.build-tools
	$(BIN)/jlpm install --immutable
	touch $@

ui-tests/node_modules/.installed: ui-tests/package.json ui-tests/yarn.lock .venv/.build-tools
	cd ui-tests && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 jlpm install --immutable
	touch $@

$(LABEXTENSION): $(FRONTEND) node_modules/.installed
	$(BIN)/jlpm build:prod
	touch $@

# Python sources are used where they are; the front end is copied, so that a new build is a new installation.
.venv/.installed: pyproject.toml install.json $(LABEXTENSION) jupyter-config/server-config/jupyterlab_rob.json
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(INSTALL) --editable ".[lab,examples]"
	touch $@

.venv/.test-tools: .venv/.installed
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(INSTALL) --editable ".[lab,examples,test,dev]"
	touch $@
