# `make` alone prints its targets. Each target makes .venv and installs what it needs.
.DEFAULT_GOAL := help
DATA ?= fer2013.csv
.PHONY: help report docs test bench fault buttons evidence evidence-list lab lint clean clean-runs
# Chosen among what is there: `make PYTHON=/path/to/python3.12 report` chooses another.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $(p))))
BIN := .venv/bin

help:  ## print these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

.venv/installed: requirements.txt pyproject.toml setup.py
	@test -n "$(PYTHON)" || { echo "fer-keras needs Python 3.11, 3.12 or 3.13; none of them is on the PATH."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments; on Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv: a few minutes the first time (about 2.4 GB)."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,tensorflow]'
	@touch $@

report: .venv/installed  ## run every notebook, leave reports/index.html
	$(BIN)/fer-keras report

docs: .venv/installed  ## write reports/reference.html: all that can be imported from fer_keras
	$(BIN)/fer-keras docs

test: .venv/installed  ## check style and types, and run all tests, every notebook included
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: .venv/installed  ## measure speeds, as ratios to the usual ways
	$(BIN)/python -m tests.bench

fault: .venv/installed  ## harm files, options and processes, and see that nothing is lost: about half an hour
	$(BIN)/python -m tests.fault

buttons: .venv/installed  ## write notebooks/README.md, whose links open them elsewhere, and the numbers of TEACHING.md
	$(BIN)/python -m tests.buttons
	$(BIN)/python -m tests.teaching

evidence: .venv/installed  ## train what the claims ledger wants of FER2013 (DATA=fer2013.csv): days, in steps
	$(BIN)/python -m tests.evidence run $(DATA)

evidence-list: .venv/installed  ## what of that is there, and the hours that the rest takes
	$(BIN)/python -m tests.evidence list

lab: .venv/installed  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

lint: .venv/installed  ## mend style in code and notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

clean-runs: .venv/installed  ## remove all trained runs from the user's cache folder (FER_KERAS_HOME)
	$(BIN)/python -c "import shutil; from fer_keras.base import home; shutil.rmtree(home.folder() / 'runs', ignore_errors=True)"

clean:  ## remove .venv and reports (faces and runs stay in the user's cache folder)
	rm -rf .venv reports
