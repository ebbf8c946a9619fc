# make repro: environment, then the whole pipeline to results/table1.csv and results/report.html, then results/times.csv and table8.csv.  make test: environment, then the tests.
SHELL := /bin/bash
PYTHON ?= python3
VENV := $(CURDIR)/.venv
STAMP := $(VENV)/.installed
export PATH := $(VENV)/bin:$(PATH)

# Two stages never share a GPU; without one there is nothing to keep apart.
CORES := $(shell nproc)
GPUS := $(if $(wildcard /dev/nvidia[0-9]*),1,$(CORES))

.PHONY: repro test cluster lint env lock clean

repro: $(STAMP)
	snakemake --cores $(CORES) --resources gpu=$(GPUS)
	python -m pipeline times

test: $(STAMP)
	python -m pytest -n 2 --dist worksteal

# As root, on a Slurm of one node that it starts, and installs where it is missing; about five minutes.
cluster: $(STAMP)
	python -m pytest -m cluster tests/cluster

lint: $(STAMP)
	ruff check . && ruff format --check . && mypy

env: $(STAMP)

$(STAMP): requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

# Needs uv. Pins for Python 3.11 and later; hashes, no hosts.
lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
	  --extra pipeline --extra dev --extra generation --extra slurm --constraint constraints.txt pyproject.toml -o requirements.txt

clean:
	rm -rf data/.work logs .snakemake
