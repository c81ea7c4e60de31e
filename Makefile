# Everything this project does, by name.  Needs make and a Python >= 3.11 that has venv; the rest is set up in .venv.
PYTHON   ?= python3
PORT     ?= 8888
NOTEBOOK ?= 00_what_a_batch_buys.ipynb
NOTEBOOKS ?= my_notebooks
# LABARGS, TESTARGS, BENCHARGS, SITEARGS go to the command behind the target:  make test TESTARGS='-k tuning -x'
# How many processes share the tests: a number, or one for each processor.  TESTARGS='-n0 --pdb' runs them in this one.
WORKERS  ?= logical

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
# What builds the site has a venv of its own: JupyterLite bundles every extension it finds beside itself.
SITE_VENV  := .venv-site
SITE_STAMP := $(SITE_VENV)/.installed

# Matrices are small, and tests and pages are made side by side: more threads in each would only get in one another's way.
check test bench site: export OMP_NUM_THREADS := 1
check test bench site: export OPENBLAS_NUM_THREADS := 1
check test bench site: export MKL_NUM_THREADS := 1
# Compiled tests are kept between runs: compiling them costs each worker four seconds.
check: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help lab check test test-fresh test-versions site site-tools pins serve bench notebooks doctor clean
.DEFAULT_GOAL := help

help:
	@echo 'make lab        open your copy of the notebooks in JupyterLab  (NOTEBOOKS=folder, NOTEBOOK=..., PORT=8888, LABARGS=--no-browser)'
	@echo 'make check      lint, types, stale notebooks, quick tests, doctests; budget: 90 s on two cores  (TESTARGS=...)'
	@echo 'make test       everything: also slow tests, browser, every notebook re-run; about half an hour on'
	@echo '                two cores, budget: 12 min, or 8 min without the web pages  (TESTARGS='\''-m "not site"'\'')'
	@echo 'make test-fresh the same in a new clone with an empty HOME  (TESTARGS=...)'
	@echo 'make test-versions  the engine on other versions of its dependencies  (VERSIONS=lowest, highest or newest)'
	@echo 'make site       build the book as web pages in site/, live without a server  (SITEARGS=--pyodide official)'
	@echo 'make serve      show site/ on 127.0.0.1                    (PORT=8000)'
	@echo 'make bench      the timing tables of benchmarks/, one thread  (BENCHARGS=...)'
	@echo 'make notebooks  rebuild notebooks/*.ipynb from their .py sources'
	@echo 'make doctor     check this installation from Python to the page, and say what to do'
	@echo 'make pins       write the pinned packages and their hashes anew  (PINSARGS=--upgrade for the newest)'
	@echo 'make clean      remove every venv, site/ and caches; sources and built notebooks stay'

# tools/install.py pins every package with its hash; PINNED=no takes the versions of constraints.txt without hashes.
INSTALL = tools/install.py $(@D) $(if $(filter no,$(PINNED)),--unpinned)

$(STAMP): pyproject.toml requirements.txt tools/install.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'mombook needs Python 3.11 or newer, and "$(PYTHON)" is not one. Name another:  make lab PYTHON=python3.12'; exit 1; }
	@$(PYTHON) $(INSTALL)
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
	  > $(VENV)/share/jupyter/lab/settings/overrides.json

# The copy is made once, and never overwritten; NOTEBOOKS=notebooks opens the book's own.
lab: $(STAMP)
	@$(BIN)/python -m tools.lab --folder '$(NOTEBOOKS)' --notebook '$(NOTEBOOK)' --port=$(PORT) $(LABARGS)

PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope --no-loadscope-reorder --durations=10 --rerun-show-tracebacks --max-suite-reruns=5

# While editing. A test says by a marker (pyproject.toml) that it is not one of these, and none of tests/browser is. Types and
# notebooks are checked beside the tests; what is wrong with them is printed below the tests' last line.
check: $(STAMP)
	@$(BIN)/ruff check -q .
	@found=$$(mktemp); { $(BIN)/mypy --no-error-summary && $(BIN)/python -m tools.build_notebooks --check-source; } >$$found 2>&1 & beside=$$!; \
	$(PYTEST) -p no:nbval --ignore=tests/browser -m 'not slow and not browser and not site' $(TESTARGS); failed=$$?; \
	wait $$beside || { failed=1; cat $$found; }; rm -f $$found; exit $$failed

# One pytest run, so that its last line counts everything. --nbval executes each notebook and compares every output.
# Without the site's tools the tests of the site are skipped: the reason stands in the output, and the skips are counted.
test: $(STAMP)
	@$(MAKE) -q --no-print-directory site-tools 2>/dev/null || $(BIN)/python tools/install.py $(SITE_VENV) $(if $(filter no,$(PINNED)),--unpinned) || \
	  echo 'Going on without them: the tests of the web pages will be skipped.'
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m tools.build_notebooks --check-source
	@$(PYTEST) --nbval --nbval-current-env --nbval-cell-timeout=300 $(TESTARGS)

# The last commit as a stranger gets it: a new clone, an empty HOME, no cache.
test-fresh:
	@tools/fresh_clone.sh make test $(if $(TESTARGS),TESTARGS='$(TESTARGS)')

$(SITE_STAMP): tools/site/requirements.txt tools/install.py $(STAMP)
	@$(BIN)/python $(INSTALL)

# What the tests of the site need; `make test` and `make site` set it up as well.
site-tools: $(SITE_STAMP)

# The engine's tests with other versions of its dependencies: lowest or highest that the ranges admit, or newest of all.
VERSIONS ?= lowest
test-versions: $(STAMP)
	@$(BIN)/python -m tools.ranges $(VERSIONS)

pins: $(STAMP)
	@$(BIN)/python -m tools.pins $(PINSARGS)

site: $(SITE_STAMP)
	@$(BIN)/python -m tools.site build $(SITEARGS)

serve: $(STAMP)
	@$(BIN)/python -m tools.site serve --port=$(if $(filter file,$(origin PORT)),8000,$(PORT))

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(BENCHARGS)

notebooks: $(STAMP)
	@$(BIN)/python -m tools.glossary --write
	@$(BIN)/python -m tools.build_notebooks
	@$(BIN)/python -m tools.pictures

doctor: $(STAMP)
	@$(BIN)/python -m mombook doctor

clean:
	rm -rf $(VENV) $(SITE_VENV) .venv-lowest .venv-highest .venv-newest site build dist artefacts .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +
