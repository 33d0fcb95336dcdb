# Needs Python ≥ 3.11, make and git. uv is used where it is on PATH and installed into .tools/ where it is not.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
UV_VERSION := 0.13.9
# The SHA-256 of each wheel of that version: make takes uv from the package index, and nothing else as uv.
UV_HASHES := \
	c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5 \
	66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63 \
	5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe \
	7ec1e1dd9b6cb335c301afdf877989df384227313981850755a59561f75e4ab8 \
	16963d19594e18d746a70c7fce82237bde4f2cac4cfcf0ca2b84796fe9d0c6e9 \
	db5c8df7145c21ffea9c0f74e38823bac3af60cbadf0e26b8633f08627b17bab \
	c5dbdb7c8737cd183a9dce95b39cfd1f3d54ec2a27a1bb58f160293f9ba2c805 \
	a6e845f387e4ed55bb59342957a9179e24a631fcc7668bda3426ae1cef8ed4b9 \
	d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \
	ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375 \
	6b0c7b9f47a5d011939d61e324d3fe18a8bc155d8dd53add738709a92f290a7c \
	a2ee66fe8b6608e1482ab1bde5799da04705c1cb40324c7f66054ecf46ae6e40 \
	2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25
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

.PHONY: pilot sandbox test mutants same-findings sweeps drills strangers lint format setup bench inventory schema docs changing facts policy-pack custodian clean
.DEFAULT_GOAL := pilot

pilot: setup  ## judge every pilot offline; reports in out/<stack>/report.html
	@$(UV) run --frozen mlplatform pilot

sandbox: setup  ## bring a stack up without an account, show outputs and cost, take it down; STACK=gcp-pilot, and VERSION=DIR to export what serves
	@$(UV) run --frozen mlplatform sandbox install --yes
	@$(UV) run --frozen mlplatform sandbox trial $(STACK) $(if $(VERSION),--version $(VERSION))

test: setup  ## run every test, and of each sweep a share
	@$(UV) run --frozen pytest

drills: setup  ## every drill twice in a row, every edit of docs/changing.md, twenty kills and the acceptance runs, on the engine: some two hours
	@MLPLATFORM_REQUIRE_ENGINE=1 $(UV) run --frozen pytest --long tests/engine tests/provider/test_every_call.py --ignore tests/engine/test_packages.py

strangers: setup  ## programs of other projects use the component packages and the policy pack; needs the CLI and Node; minutes
	@MLPLATFORM_REQUIRE_ENGINE=1 $(UV) run --frozen pytest --long tests/engine/test_packages.py tests/engine/test_doors.py

mutants: setup  ## mutants of each pilot from the clouds' schemas; exit 1 where one lives that tests/mutants/survivors does not name; minutes
	@for file in tests/mutants/survivors/*.yaml; do \
		$(UV) run --frozen python -m tests.mutants $$(basename $$file .yaml) --exact || exit 1; done

same-findings: setup  ## the engine's door and the offline verdict say the same of many mutants of each pilot; any program is judged; minutes
	@$(UV) run --frozen pytest --long tests/policies/test_same_findings.py tests/operations/test_any_program.py

sweeps: setup  ## every case of each sweep, of which `make test` runs a share: each element, property, row, program; minutes
	@$(UV) run --frozen pytest --long -m sweep

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
	printf 'uv==%s %s\n' '$(UV_VERSION)' '$(UV_HASHES:%=--hash=sha256:%)' | \
	"$$base" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools \
		--require-hashes --only-binary :all: --requirement /dev/stdin

clean:  ## remove what setup and the commands made; an environment elsewhere is left, and set up anew
	@rm -rf .venv $(CHECKOV) $(CUSTODIAN) .tools out $(ENVIRONMENT)/.synced $(ENVIRONMENT)/.compiled
