# make demo | test | situations | fuzz | engines | downloads | excel | public-labels | deepbet | hd-bet | hd-bet-v1 | slurm | lint | audit | docs | docs-images | locks | check-study | clean | help
PYTHON ?=
UV ?= $(shell command -v uv)
CPU ?=
VENV ?= .venv
CORES ?= $(shell nproc)
MINUTES ?= 10
SEED ?= 0
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed
# The Python of an environment: PYTHON, else the newest supported one on PATH.
MAKE_VENV = UV="$(UV)" workflow_scripts/make_venv.sh
# What installs a lock into an environment: uv where it is on PATH, else pip. Of files with these hashes only.
INSTALL = $(if $(UV),$(UV) pip install --compile-bytecode --python $(1)/bin/python,$(1)/bin/pip install --disable-pip-version-check) \
	--quiet --require-hashes --no-build-isolation --no-deps
# Where PyTorch keeps its builds for CPUs.
CPU_BUILDS = https://download.pytorch.org/whl/cpu/torch/
# Whether torch is the build for CUDA, which is nothing without these libraries.
ASKS_FOR_CUDA = import sys; from importlib.metadata import requires; sys.exit("nvidia" not in str(requires("torch")))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-real situations fuzz lint audit docs docs-images locks check-study clean engines downloads excel deepbet hd-bet hd-bet-v1 public-labels slurm

help:           ## say what each target does
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

check-study: setup      ## say what the study STUDY=file.yaml would do, without running any of it
	@$(BIN)/python workflow_scripts/check_study.py "$$STUDY"

setup: $(INSTALLED)     ## make the virtual environment with the pinned packages; CPU=1: torch's build for CPUs
$(INSTALLED): requirements-build.lock requirements.lock requirements-cpu.lock requirements-cuda.lock
	@$(MAKE_VENV) $(VENV) $(PYTHON)
	$(call INSTALL,$(VENV)) --requirement requirements-build.lock
	$(if $(CPU),$(call INSTALL,$(VENV)) --no-index --find-links $(CPU_BUILDS) --requirement requirements-cpu.lock)
	@if [ -n "$$PIP_FIND_LINKS" ]; then \
		UV_FIND_LINKS="$$(echo $$PIP_FIND_LINKS | tr ' ' ,)" \
		$(call INSTALL,$(VENV)) --no-index --requirement requirements-cpu.lock 2>$(VENV)/torch.log \
		|| echo "No build of torch for CPUs in PIP_FIND_LINKS ($(VENV)/torch.log says why): installing the index's."; fi
	$(call INSTALL,$(VENV)) --requirement requirements.lock
	if $(BIN)/python -c '$(ASKS_FOR_CUDA)'; then $(call INSTALL,$(VENV)) --requirement requirements-cuda.lock; fi
	touch $@

demo: setup     ## run the default study: a phantom cohort, from scans to figures and report
	$(BIN)/snakemake --cores $(CORES)
	@echo "The report is in results/studies/phantom/report.html"

test: lint engines downloads excel .venv-docs/.installed $(VENV)/.installed-test    ## check style, run the unit tests, then the end-to-end tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations=20 -m "not workflow and not real"
	$(BIN)/python -m pytest -n 2 --maxschedchunk 1 --durations=20 -m "workflow"

test-real: hd-bet-v1 deepbet    ## run the tests on real patients, where their data is
	$(BIN)/python -m pytest -m "real"

situations: downloads $(VENV)/.installed-test    ## try files, machines and strangers as they are, and print the list
	$(BIN)/python tests/situations

fuzz: downloads excel $(VENV)/.installed-test    ## damage files for MINUTES (10) and count what crashes; SEED=0
	$(BIN)/python tests/fuzz.py --minutes $(MINUTES) --seed $(SEED)

engines: $(VENV)/.installed-engines     ## add the registration engines simpleitk and elastix
downloads: $(VENV)/.installed-downloads ## add what reads DICOM and fetches cases from IDC and TCIA
excel: $(VENV)/.installed-excel         ## add what reads workbooks of Excel (.xlsx)
public-labels: setup    ## fetch the public table of 627 patients' molecular labels
	$(BIN)/python workflow_scripts/download_public_labels.py
deepbet: $(VENV)/.installed-deepbet     ## add the skull stripping method deepbet
hd-bet-v1: $(VENV)/.installed-hd-bet-v1 ## add HD-BET v1 with its weights (300 MB)
hd-bet: .venv-hd-bet/.installed         ## add HD-BET 2 in an environment of its own, with its weights from Zenodo
.venv-hd-bet/.installed: requirements-hd-bet.lock requirements-build.lock
	@$(MAKE_VENV) .venv-hd-bet $(PYTHON)
	$(call INSTALL,.venv-hd-bet) --requirement requirements-build.lock
	$(call INSTALL,.venv-hd-bet) --requirement $<
	HOME=$(CURDIR)/.venv-hd-bet .venv-hd-bet/bin/python -c "from HD_BET.checkpoint_download import maybe_download_parameters; maybe_download_parameters()"
	touch $@
$(VENV)/.installed-%: requirements-%.lock $(INSTALLED)
	$(call INSTALL,$(VENV)) --requirement $<
	touch $@

slurm: setup    ## add the Slurm executor
	$(call INSTALL,$(VENV)) --requirement requirements-slurm.lock

lint: setup     ## check style: ruff and snakefmt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules

audit: .venv-audit/.installed   ## look for known vulnerabilities in the pinned packages
	.venv-audit/bin/python tests/audit.py requirements*.lock
.venv-audit/.installed: requirements-audit.lock
	@$(MAKE_VENV) .venv-audit $(PYTHON)
	$(call INSTALL,.venv-audit) --requirement $<
	touch $@

docs: .venv-docs/.installed     ## build the docs as a site, to read from disk: site/index.html
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --strict
.venv-docs/.installed: requirements-docs.lock
	@$(MAKE_VENV) .venv-docs $(PYTHON)
	$(call INSTALL,.venv-docs) --requirement $<
	touch $@

docs-images: setup     ## redraw the pictures of the docs from a finished demo
	PYTHONPATH=workflow_scripts $(BIN)/python tests/docs_images.py

locks: setup    ## renew the hashes in the locks, after a pin was changed
	PYTHONPATH=workflow_scripts $(BIN)/python tests/hash_locks.py requirements*.lock

clean:          ## remove all results, after asking
	@printf 'Remove everything under results/ but its README? [y/N] '; read answer; \
	if [ "$$answer" = y ]; then find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -r {} +; fi
