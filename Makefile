# Everything this project does, by name.  Needs make and a Python >= 3.11 that has venv; the rest is set up in .venv.
PYTHON   ?= python3
PORT     ?= 8888
NOTEBOOK ?= 01_the_paper_in_one_figure.ipynb
# LABARGS, TESTARGS, BENCHARGS, SITEARGS go to the command behind the target:  make test TESTARGS='-k tuning -x'

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
# What builds the site has a venv of its own: JupyterLite bundles every extension it finds beside itself.
SITE_VENV  := .venv-site
SITE_STAMP := $(SITE_VENV)/.installed
# Jupyter refuses to run as root unless told that this is meant (containers).
ROOT_OK := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test site site-tools serve bench notebooks doctor clean
.DEFAULT_GOAL := help

help:
	@echo 'make lab        open the notebooks in JupyterLab             (PORT=8888, LABARGS=--no-browser, NOTEBOOK=...)'
	@echo 'make test       lint, stale notebooks, tests, doctests, browser, every notebook re-run  (TESTARGS=...)'
	@echo 'make site       build the book as web pages in site/, live without a server  (SITEARGS=--pyodide official)'
	@echo 'make serve      show site/ on 127.0.0.1                    (PORT=8000)'
	@echo 'make bench      the timing tables of benchmarks/, one thread  (BENCHARGS=...)'
	@echo 'make notebooks  rebuild notebooks/*.ipynb from their .py sources'
	@echo 'make doctor     check this installation from Python to the page, and say what to do'
	@echo 'make clean      remove both venvs, site/ and caches; sources and built notebooks stay'

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'mombook needs Python 3.11 or newer, and "$(PYTHON)" is not one. Name another:  make lab PYTHON=python3.12'; exit 1; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo '"$(PYTHON) -m venv" failed: its venv module is missing (on Debian and Ubuntu: apt install python3-venv).'; exit 1; }
	@echo 'Installing into $(VENV) (about 550 MB, a minute or two; needed once) ...'
	@PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[lab,data,test]'
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
	  > $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $@

lab: $(STAMP)
	$(BIN)/python -m jupyterlab --port=$(PORT) --ServerApp.root_dir='$(CURDIR)' $(ROOT_OK) \
	  --LabApp.default_url=/lab/tree/notebooks/$(NOTEBOOK) \
	  --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(LABARGS)

# One pytest run, so that its last line speaks for everything. --nbval executes each notebook and compares every output.
test: $(STAMP)
	@$(BIN)/ruff check -q .
	@$(BIN)/python -m tools.build_notebooks --check-source
	@$(BIN)/python -m pytest -q --nbval --nbval-current-env --nbval-cell-timeout=120 $(TESTARGS)

$(SITE_STAMP): tools/site/requirements.txt constraints.txt $(STAMP)
	@[ -x $(SITE_VENV)/bin/pip ] || $(BIN)/python -m venv $(SITE_VENV)
	@echo 'Installing into $(SITE_VENV) (about 350 MB; needed once) ...'
	@PIP_ROOT_USER_ACTION=ignore $(SITE_VENV)/bin/python -m pip install -q --disable-pip-version-check \
	  -c constraints.txt -r tools/site/requirements.txt
	@touch $@

# What the tests of the site need; `make test` skips those where it is not there.
site-tools: $(SITE_STAMP)

site: $(SITE_STAMP)
	@$(BIN)/python -m tools.site build $(SITEARGS)

serve: $(STAMP)
	@$(BIN)/python -m tools.site serve --port=$(if $(filter file,$(origin PORT)),8000,$(PORT))

bench: $(STAMP)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m benchmarks $(BENCHARGS)

notebooks: $(STAMP)
	@$(BIN)/python -m tools.glossary --write
	@$(BIN)/python -m tools.build_notebooks

doctor: $(STAMP)
	@$(BIN)/python -m mombook doctor

clean:
	rm -rf $(VENV) $(SITE_VENV) site build dist artefacts .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +
