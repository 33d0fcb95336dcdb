# Needs Python ≥ 3.11, make and git. uv is used where it is on PATH and installed into .tools/ where it is not.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
UV_VERSION := 0.13.9
STACK ?= aws-pilot
# The project's environment is where uv has it. Checkov's is always its own: one variable cannot name both.
ENVIRONMENT := $(or $(UV_PROJECT_ENVIRONMENT),.venv)
CHECKOV := policies/checkov/.venv
CUSTODIAN := policies/custodian/.venv
export UV_PYTHON ?= $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
export PYTHONPATH :=
# The SDKs are large: without bytecode each start would compile them anew, twice as slow.
unexport PYTHONDONTWRITEBYTECODE
# An activated environment is the caller's: uv would warn of it at each command.
unexport VIRTUAL_ENV

.PHONY: pilot sandbox test mutants drills strangers lint format setup bench inventory schema docs changing facts policy-pack custodian clean
.DEFAULT_GOAL := pilot

pilot: setup  ## judge every pilot offline; reports in out/<stack>/report.html
	@$(UV) run --frozen mlplatform pilot

sandbox: setup  ## bring a stack up without an account, show outputs and cost, take it down; STACK=gcp-pilot
	@$(UV) run --frozen mlplatform sandbox install --yes
	@$(UV) run --frozen mlplatform sandbox trial $(STACK)

test: setup  ## run every test
	@$(UV) run --frozen pytest

drills: setup  ## every drill twice in a row, every edit of docs/changing.md, twenty kills and the acceptance runs, on the engine: some two hours
	@MLPLATFORM_REQUIRE_ENGINE=1 $(UV) run --frozen pytest --long tests/engine tests/provider/test_every_call.py --ignore tests/engine/test_packages.py

strangers: setup  ## programs of other projects use the component packages and the policy pack; needs the CLI and Node; minutes
	@MLPLATFORM_REQUIRE_ENGINE=1 $(UV) run --frozen pytest --long tests/engine/test_packages.py

mutants: setup  ## mutants of each pilot from the clouds' schemas; exit 1 where one lives that tests/mutants/survivors does not name; minutes
	@for file in tests/mutants/survivors/*.yaml; do \
		$(UV) run --frozen python -m tests.mutants $$(basename $$file .yaml) --exact || exit 1; done

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
	@$(CHECKOV)/bin/python -I policies/checkov/ids.py > policies/checks.txt
	@$(CHECKOV)/bin/python -I policies/checkov/documentation.py > docs/checkov.md
	@$(UV) run --frozen python -m policies.documentation
	@$(UV) run --frozen python -m policies.personas.documentation
	@$(UV) run --frozen python -m policies.controls.documentation
	@$(UV) run --frozen python -m policies.baselines.documentation
	@$(UV) run --frozen python -m stacks.capabilities
	@$(UV) run --frozen python -m operations.packing requirements

changing: setup  ## rewrite docs/changing.md: what an edit of each key does to what stands; some minutes, or KEYS=budget.monthly_usd
	@$(UV) run --frozen python -m operations.standing.changing $(KEYS)

policy-pack: setup  ## build out/policy-pack, which any project names with --policy-pack and `pulumi policy publish` takes
	@$(UV) run --frozen python -m operations.packing policy-pack

facts: setup  ## rewrite catalogue/generated from the installed SDKs and the providers' source in the folder SOURCES
	@$(UV) run --frozen python -m operations.sources $(SOURCES)

setup: $(ENVIRONMENT)/.compiled

$(ENVIRONMENT)/.synced: uv.lock pyproject.toml | $(UV)
	@$(UV) sync --frozen --quiet
	@touch $@

$(CHECKOV)/.synced: policies/checkov/uv.lock policies/checkov/pyproject.toml | $(UV)
	@env -u UV_PROJECT_ENVIRONMENT $(UV) sync --frozen --quiet --project policies/checkov
	@touch $@

custodian: setup  ## load in Cloud Custodian what `mlplatform idle --custodian` writes; half a gigabyte of its own
	@env -u UV_PROJECT_ENVIRONMENT $(UV) sync --frozen --quiet --project policies/custodian
	@MLPLATFORM_CUSTODIAN=1 $(UV) run --frozen pytest -n 1 -q tests/operations/idle/test_custodian.py

# A start needs one file in four. A judgement that nobody reads compiles just these; how it ends is not set-up's matter.
$(ENVIRONMENT)/.compiled: $(ENVIRONMENT)/.synced $(CHECKOV)/.synced
	@echo "compiling what a start needs"
	@out=$$(mktemp -d) && { $(UV) run --frozen mlplatform pilot --out "$$out" >"$$out/said" 2>&1 || true; } && rm -r "$$out"
	@touch $@

# pip before 24.2 trusts certificates of its own. This variable names the system's. It would override pip's own setting,
# so it is left alone where pip has one. An activated environment may have no pip: the Python it was made from has.
.tools/bin/uv:
	@echo "installing uv into .tools/; for uv in your shell: export PATH=\"\$$PWD/.tools/bin:\$$PATH\""
	@base=$$($(PYTHON) -c 'import sys; print(sys._base_executable)'); \
	certificates=$$($(PYTHON) -c 'from ssl import get_default_verify_paths as p; print(p().cafile or p().capath or "")'); \
	"$$base" -m pip config list | grep '\.cert=' >/dev/null || \
	export REQUESTS_CA_BUNDLE="$${REQUESTS_CA_BUNDLE:-$${CURL_CA_BUNDLE:-$$certificates}}"; \
	"$$base" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv==$(UV_VERSION)

clean:  ## remove what setup and the commands made; an environment elsewhere is left, and set up anew
	@rm -rf .venv $(CHECKOV) $(CUSTODIAN) .tools out $(ENVIRONMENT)/.synced $(ENVIRONMENT)/.compiled
