# Needs Python ≥ 3.11, make and git. uv is used where it is on PATH and installed into .tools/ where it is not.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
UV_VERSION := 0.13.9
STACK ?= aws-pilot
export UV_PYTHON ?= $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
export PYTHONPATH :=
# The SDKs are large: without bytecode each start would compile them anew, twice as slow.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: pilot sandbox test drills lint format setup bench inventory schema docs clean
.DEFAULT_GOAL := pilot

pilot: setup  ## judge every pilot offline; reports in out/<stack>/report.html
	@$(UV) run --frozen mlplatform pilot

sandbox: setup  ## bring a stack up without an account, show outputs and cost, take it down; STACK=gcp-pilot
	@$(UV) run --frozen mlplatform sandbox trial $(STACK)

test: setup  ## run every test
	@$(UV) run --frozen pytest

drills: setup  ## every drill twice in a row and twenty kills, on the engine: some twenty minutes
	@$(UV) run --frozen pytest --long tests/engine

lint: setup  ## style, types and formatting of our own code
	@$(UV) run --frozen ruff check .
	@$(UV) run --frozen ruff format --check .
	@$(UV) run --frozen basedpyright

format: setup  ## put the code into the house style
	@$(UV) run --frozen ruff check --fix .
	@$(UV) run --frozen ruff format .

bench: setup  ## measure; prints the tables of benchmarks/README.md
	@$(UV) run --frozen python -m benchmarks

inventory: setup  ## rewrite tests/inventory from what the stacks create today
	@$(UV) run --frozen python -m tests.inventory_of

schema: setup  ## rewrite the JSON Schema that the stack files name
	@$(UV) run --frozen mlplatform schema

docs: setup  ## rewrite the pages that are made from code
	@$(UV) run --frozen python -m policies.documentation
	@$(UV) run --frozen python -m stacks.capabilities

setup: .venv/.synced policies/checkov/.venv/.synced

.venv/.synced: uv.lock pyproject.toml | $(UV)
	@$(UV) sync --frozen --quiet
	@touch $@

policies/checkov/.venv/.synced: policies/checkov/uv.lock policies/checkov/pyproject.toml | $(UV)
	@$(UV) sync --frozen --quiet --project policies/checkov
	@touch $@

.tools/bin/uv:
	@echo "installing uv into .tools/"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv==$(UV_VERSION)

clean:  ## remove what setup and the commands made
	@rm -rf .venv policies/checkov/.venv .tools out
