"""Scans one Terraform plan or ARM template with Checkov, in Checkov's own environment and without a network.

`operations.checkov` starts this file in a warm process (`operations/forking.py`). The process calls `load` once and
forks a child for each scan. The child reads `terraform_plan` or `arm`, a space and the path of the JSON from standard
input, and writes one JSON document to standard output. Errors go to standard error, and the child then exits with 1.

The document: {"checkov_version", "passed": [{"check_id", "address"}], "failed": [{"check_id", "check_name", "address",
"guideline", "evaluated_keys"}], "resources": how many Checkov saw, "parsing_errors": [path]}.
"""

import contextlib
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

CHECKS = Path(__file__).parent / "checks"


def refuse_network(event: str, _: tuple) -> None:
    """Make every attempt to reach a network an error, such as Checkov's platform, version check or module download."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise ConnectionRefusedError(f"the Checkov scan is offline, but something tried {event}")


class Errors(logging.Handler):
    """Keeps errors that Checkov only logs, such as a check of ours that it cannot import."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        cause = record.exc_info[1] if record.exc_info else None
        self.messages.append(record.getMessage() + (f": {cause}" if cause else ""))


def _vertices_by_exact_name(graph: object, module: object, kind: str, name: str) -> list[int]:
    """The graph's resources of this kind and name, as Checkov finds them first."""
    return graph.vertices_by_module_dependency_by_name.get(module, {}).get(kind, {}).get(name, [])


def load() -> Callable[[], int]:
    """Import what a scan needs, and return the job for the forked children.

    Measured on two cores, idle: 0.7-1.1 s for Checkov's plan runner alone (its command line, with every runner, 2.5 s),
    3.9 s when there is no bytecode yet. The ARM runner adds 0.02 s to that, so both are imported. Lazy modules
    (`importlib.util.LazyLoader` for boto3 and aiohttp) saved nothing, for the imports touch each of them.
    """
    sys.addaudithook(refuse_network)
    from checkov.arm.runner import Runner as ArmRunner
    from checkov.common.bridgecrew.check_type import CheckType
    from checkov.common.checks.base_check_registry import BaseCheckRegistry
    from checkov.common.checks_infra.registry import get_graph_checks_registry
    from checkov.runner_filter import RunnerFilter
    from checkov.terraform.graph_builder.local_graph import TerraformLocalGraph
    from checkov.terraform.plan_runner import Runner as PlanRunner
    from checkov.version import version

    for framework in (CheckType.TERRAFORM, CheckType.ARM):
        get_graph_checks_registry(framework).load_checks()  # the built-in graph checks: a few hundred files
    # When Checkov misses a name, it looks through all resources for `name[…]`, which Terraform's count makes. That is
    # quadratic, and a plan rendered from Pulumi has no such name. tests/operations/test_checkov.py holds that the
    # findings are the same without it. With the collector left off, 1,000 endpoints take 28 s instead of 69 s.
    TerraformLocalGraph._get_possible_vertices = _vertices_by_exact_name

    runners = {"terraform_plan": PlanRunner, "arm": ArmRunner}
    graph_registries = [get_graph_checks_registry(framework) for framework in (CheckType.TERRAFORM, CheckType.ARM)]

    def category_of(check_id: str) -> str:
        """Checkov's own category of a check, such as ENCRYPTION; empty where it names none."""
        for check in BaseCheckRegistry.get_all_registered_checks():
            if check.id == check_id and check.categories:
                return str(getattr(check.categories[0], "name", check.categories[0]))
        graphs = (check for registry in graph_registries for check in registry.checks)
        return next((str(check.category).upper() for check in graphs if check.id == check_id), "")

    def scan(framework: str, path: str) -> dict:
        options = RunnerFilter(framework=[framework], download_external_modules=False)
        report = runners[framework]().run(files=[path], external_checks_dir=[str(CHECKS)], runner_filter=options)
        passed, failed = report.passed_checks, report.failed_checks
        return {
            "checkov_version": version,
            "passed": [{"check_id": r.check_id, "address": r.resource_address or r.resource} for r in passed],
            "failed": [
                {
                    "check_id": record.check_id,
                    "check_name": record.check_name,
                    "category": category_of(record.check_id),
                    "address": record.resource_address or record.resource,
                    "guideline": record.guideline,
                    "evaluated_keys": record.check_result.get("evaluated_keys") or [],
                }
                for record in failed
            ],
            "resources": len(report.resources),
            "parsing_errors": report.parsing_errors,
        }

    def job() -> int:
        """Scan what standard input names, and write the document."""
        errors = Errors()
        logging.getLogger().addHandler(errors)
        framework, _, path = sys.stdin.readline().strip().partition(" ")
        with contextlib.redirect_stdout(sys.stderr):  # keep what libraries print out of the document
            report = scan(framework, path)
        if errors.messages:
            sys.stderr.write(f"{errors.messages[0]}\n")
            return 1
        json.dump(report, sys.stdout)
        return 0

    return job
