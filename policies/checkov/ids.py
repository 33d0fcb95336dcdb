"""Prints the id of every check that a scan may report, one a line: Checkov's own and ours. It needs no network.

`make docs` writes them to policies/checks.txt. That travels with the policy pack, where Checkov does not: a waiver of a
check that does not exist is refused there too. Run it as a script, in Checkov's environment.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import scan  # noqa: E402

scan.load()
from checkov.common.bridgecrew.check_type import CheckType  # noqa: E402
from checkov.common.checks.base_check_registry import BaseCheckRegistry  # noqa: E402
from checkov.common.checks_infra.registry import get_graph_checks_registry  # noqa: E402

OF_A_PLATFORM = re.compile(r"CKV2?_(AWS|GCP|AZURE|MLP)_[0-9]+")
found = {check.id for check in BaseCheckRegistry.get_all_registered_checks()}
for framework in (CheckType.TERRAFORM, CheckType.ARM):
    found |= {check.id for check in get_graph_checks_registry(framework).checks}
for file in (HERE / "checks").glob("*.*"):
    found |= {match.group() for match in OF_A_PLATFORM.finditer(file.read_text())}
ids = (check.rpartition("_") for check in found if OF_A_PLATFORM.fullmatch(check))
for family, number in sorted((family, int(number)) for family, _, number in ids):
    sys.stdout.write(f"{family}_{number}\n")
