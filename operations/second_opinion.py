"""Asks infracost what the same stack costs, and names the lines on which it and our bill disagree.

infracost (https://www.infracost.io/docs/) reads Terraform plans, so it gets the plan that Checkov gets, without
secrets. It has one figure a resource, for what runs as planned; our bill has two, with no traffic and at every maximum.
They agree where its figure lies between ours, or within LIMIT of them. What follows usage has no figure there. The
figures of one name are added up, for infracost may bill a configuration where the cloud bills what it configures.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.rendering import render
from operations.verdict import Cost

LIMIT = 0.05
"""The share by which two figures may differ. Both round, and a month has 730 hours in each."""
SECONDS = 300
_COMMAND = "infracost"


@dataclass(frozen=True)
class Opinion:
    """What infracost says: dollars a month by the name of a resource, where it has a figure."""

    monthly_usd: Mapping[str, float]

    def beside(self, bill: Cost) -> Iterator[str]:
        """Sentences on how the two differ: first how many agree, then each name on which they do not."""
        ours: dict[str, tuple[float, float]] = {}
        for line in bill.lines:
            idle, ceiling = ours.get(line.resource, (0.0, 0.0))
            ours[line.resource] = idle + line.idle_usd, ceiling + line.ceiling_usd
        theirs = {name: usd for name, usd in sorted(self.monthly_usd.items()) if usd > 0}
        both = {name: usd for name, usd in theirs.items() if name in ours}
        apart = {name: usd for name, usd in both.items() if not _agree(usd, *ours[name])}
        yield f"second opinion: {len(both) - len(apart)} of {len(both)} resources that both price agree to {LIMIT:.0%}"
        for name, usd in apart.items():
            yield f"they disagree: {name} is ${usd:,.2f} for infracost, and here {_range(*ours[name])}"
        for name, usd in theirs.items():
            if name not in ours:
                yield f"only infracost: {name} is ${usd:,.2f}, and has no line here"
        for name, (idle, ceiling) in sorted(ours.items()):
            if name not in theirs and ceiling > 0:
                yield f"only here: {name} is {_range(idle, ceiling)}, and infracost has no figure"


def available() -> str:
    """The path of infracost. Raises BadInput where it is not on PATH."""
    found = shutil.which(_COMMAND)
    if found is None:
        raise BadInput(
            "--second-opinion: infracost is not on PATH; install it (https://www.infracost.io/docs/), "
            "or leave the option out"
        )
    return found


def ask(graph: Graph) -> Opinion:
    """Let infracost price the stack. It asks its own price service, for which it wants a key of its own.

    Raises BadInput where infracost is missing or fails, where it counts in another currency, and for a platform that is
    not rendered as Terraform.
    """
    command = available()
    rendered = render(graph.platform, [resource.to_json() for resource in graph.resources])
    if rendered.framework != "terraform_plan":
        raise BadInput(
            f"--second-opinion: infracost reads Terraform plans, and what stands on {graph.platform} "
            "is not rendered as one; leave the option out"
        )
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        plan.write_text(json.dumps(rendered.document), encoding="utf-8")
        answer = _run([command, "breakdown", "--path", str(plan), "--format", "json", "--no-color"], folder)
    names = {resource.urn: resource.name for resource in graph.resources}
    monthly: dict[str, float] = {}
    for address, usd in _figures(answer):
        urn = rendered.addresses.get(address)
        name = names[urn] if urn else address
        monthly[name] = monthly.get(name, 0) + usd
    return Opinion(monthly)


def _run(command: list[str], folder: str) -> str:
    # Only the figures are wanted: no look for a new version, no upload to the maker's dashboard.
    quiet = os.environ | {"INFRACOST_SKIP_UPDATE_CHECK": "true", "INFRACOST_ENABLE_CLOUD": "false"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=quiet, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"--second-opinion: infracost did not end within {SECONDS} s") from None
    except OSError as error:
        raise BadInput(f"--second-opinion: infracost cannot be started ({error.strerror})") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-300:] or "and says nothing"
        raise BadInput(f"--second-opinion: infracost failed ({done.returncode}): {said}")
    return done.stdout


def _figures(answer: str) -> Iterator[tuple[str, float]]:
    """Each resource with a monthly cost, by its Terraform address. Raises BadInput for what is not infracost's JSON."""
    try:
        said: dict[str, Any] = json.loads(answer)
        currency, projects = said["currency"], said["projects"]
        resources = [resource for project in projects for resource in project["breakdown"]["resources"]]
        figures = [(str(r["name"]), float(r["monthlyCost"])) for r in resources if r.get("monthlyCost") is not None]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"--second-opinion: infracost's JSON cannot be read ({type(error).__name__}); version 0.2 of it is known"
        ) from None
    if currency != "USD":
        raise BadInput(f"--second-opinion: infracost counts in {currency}; set its currency to USD")
    yield from figures


def _agree(usd: float, idle: float, ceiling: float) -> bool:
    return idle * (1 - LIMIT) <= usd <= ceiling * (1 + LIMIT)


def _range(idle: float, ceiling: float) -> str:
    return f"${idle:,.2f}" if idle == ceiling else f"${idle:,.2f} to ${ceiling:,.2f}"
