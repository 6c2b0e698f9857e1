# The two commands of the README are `make all` and `make test`; each makes .venv first if needed.
# PYTHON chooses the interpreter that .venv is made with (3.11 to 3.13). The packages are compiled at
# once: if Python could not write .pyc files, each process of the pipeline would compile again. The
# project itself is installed editable, so that its commands work from any folder.
# TORCH=cpu, when .venv is made, takes PyTorch's CPU build from PyTorch's own index instead of PyPI's
# build with 4 GB of CUDA's libraries. requirements.lock has no hashes for that build; all other
# packages are still checked.

PYTHON ?= python3
TORCH ?=
BIN := .venv/bin
STAMP := .venv/installed
CONFIG ?= config/demo.yaml

# The caller's shell may set these for other programs; repro/environment.py does the same for the
# steps. Images for containers set PYTHONDONTWRITEBYTECODE: every process would compile our modules
# again. The set-up ignores modules next to this file, such as a user's queue.py or numpy.py.
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONOPTIMIZE PYTHONPATH PYTHONSTARTUP \
    PYTHONWARNINGS PIP_PREFIX PIP_TARGET
export MPLBACKEND := agg
export PIP_USER := 0
export PYTHONUTF8 := 1
$(STAMP): export PYTHONSAFEPATH := 1
# uv fails if it cannot write its cache
ifeq ($(shell d="$${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}}"; \
    mkdir -p "$$d" 2> /dev/null && test -w "$$d" && echo writable),)
export UV_NO_CACHE := 1
endif

.PHONY: all setup test check test-avx2 faults lint lock publish slurm-test clean

all: $(STAMP)
	$(BIN)/snakemake all --configfile $(CONFIG)

setup: $(STAMP)

test: $(STAMP)
	$(BIN)/python -m pytest

# For every edit, in two to three minutes on 2 cores: all but the pipeline's tests and those marked slow.
check: $(STAMP)
	$(BIN)/python -m pytest -m "not (faults or pipeline or slow)"

# All tests as on a processor without AVX-512, which rounds differently: no test may depend on one
# trajectory.
test-avx2: $(STAMP)
	ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 $(BIN)/python -m pytest

# Kills, full disks, damaged files, odd places: the tiny pipeline must end in the same bytes, in under
# 15 minutes on 2 cores. Small file systems are mounted by root; the tests that need them are skipped
# for others.
faults: $(STAMP)
	$(BIN)/python -m pytest -m faults -rs tests/faults

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check --line-length 100 Snakefile rules/*.smk
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/codespell
	$(BIN)/snakemake --lint

# The pipeline on a real SLURM of one node, as root on Debian (tests/slurm/run.py).
slurm-test: $(STAMP)
	$(BIN)/python tests/slurm/run.py

INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
# PyTorch in the lock, and the packages that only its default build on Linux needs
OF_TORCH := ^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z]+)==

ifneq ($(filter-out cpu,$(TORCH)),)
$(error TORCH is $(TORCH), which is neither cpu nor empty: TORCH=cpu takes the CPU build of PyTorch, \
    no TORCH the default one)
endif

$(STAMP): requirements.lock pyproject.toml
	@found=$$($(PYTHON) --version 2>&1) || found='no Python'; \
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2> /dev/null || { \
	    echo "error: $(PYTHON) is $$found; the packages need Python 3.11, 3.12 or 3.13: install one of" \
	        "them and name it, e.g. PYTHON=python3.13 make $(or $(MAKECMDGOALS),all)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
ifeq ($(TORCH),cpu)
	awk '/^[a-z]/ { kept = !/$(OF_TORCH)/ } kept' requirements.lock > .venv/without-torch.lock
	$(INSTALL) --compile-bytecode --no-deps --require-hashes -r .venv/without-torch.lock
	$(INSTALL) --compile-bytecode --no-deps --torch-backend cpu \
	    $$(grep -oE '^(torch|torchvision)==[^ ]+' requirements.lock)
else
	$(INSTALL) --compile-bytecode --require-hashes -r requirements.lock
endif
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

# After a change of the packages in pyproject.toml: new pins with hashes. Pins that still fit stay;
# make lock UPGRADE=--upgrade takes the newest versions of all.
UPGRADE ?=
lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    --quiet $(UPGRADE) -o requirements.lock

# Keep the report of a run in results/published: make publish RUN=demo. Look at its pictures first:
# people's photos, and a page that draws people's faces, do not belong in the repository;
# LEAVE_OUT="'models/*' 'fig0[2-8]*.png' playable.html" leaves some out. The numbers and pictures of
# README.md and results/README.md follow, and the demo's generator of faces, with which
# docs/tour.ipynb draws.
RUN ?= demo
LEAVE_OUT ?=
publish: $(STAMP)
	$(BIN)/python -m repro publish --run results/$(RUN) --out results/published/$(RUN) \
	    $(if $(LEAVE_OUT),--leave-out $(LEAVE_OUT))
	$(BIN)/python docs/fill_numbers.py
	$(if $(filter demo,$(RUN)),$(BIN)/python docs/make_pictures.py results/demo)
	$(if $(filter demo,$(RUN)),$(BIN)/python -m repro half results/demo/models/faces --only generator \
	    --out results/published/demo/models/faces)

# The runs of the tests and the demo; of other runs, the older results set aside by a new run.
clean:
	rm -rf results/demo results/tiny .snakemake
	rm -rf results/*/models/*.replaced-* results/*/experiments/*/*.replaced-*
