# The two commands of the README are `make all` and `make test`; each makes .venv first if needed.
# PYTHON chooses the interpreter that .venv is made with (3.11 or 3.12). The packages are compiled at
# once: where Python may not write .pyc files, each of the pipeline's processes would do it again.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
CONFIG ?= config/demo.yaml

.PHONY: all test faults lint lock publish slurm-test clean

all: $(STAMP)
	$(BIN)/snakemake all --configfile $(CONFIG)

test: $(STAMP)
	$(BIN)/python -m pytest

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
	$(BIN)/snakemake --lint

# The pipeline on a real SLURM of one node, as root on Debian (tests/slurm/run.py). Adds the packages
# of profiles/slurm to .venv.
slurm-test: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r pyproject.toml --extra slurm
	$(BIN)/python tests/slurm/run.py

$(STAMP): requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode \
	    --require-hashes -r requirements.lock
	touch $@

# After a change of the packages in pyproject.toml: new pins with hashes.
lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --extra fid --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --upgrade \
	    -o requirements.lock

# Keep the report of a run in results/published: make publish RUN=demo. Look at its pictures first:
# people's photos do not belong into the repository. The page itself, of some 12 MB, is not kept.
RUN ?= demo
publish:
	mkdir -p results/published/$(RUN)
	cp results/$(RUN)/report/report.md results/$(RUN)/report/*.csv results/published/$(RUN)/
	for name in $$(ls results/$(RUN)/experiments); do \
	    mkdir -p results/published/$(RUN)/$$name; \
	    find results/$(RUN)/experiments/$$name -name '*.png' -o -name '*.csv' \
	        -o -name measurements.json -o -path '*/measured/provenance.json' | xargs cp -t results/published/$(RUN)/$$name; \
	done

clean:
	rm -rf results/demo results/tiny .snakemake
