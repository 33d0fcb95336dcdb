"""Asks the policy pack alone about one graph, in a process of its own. `benchmarks.rules` starts it.

`python -m benchmarks.rules_once GRAPH_JSON offline` judges the graph by every rule of its platform, as a verdict does.
With `engine` in its place the pack is asked as `pulumi up --policy-pack policies` asks it: by the messages of Pulumi's
own server of policies, as our pack has it, one for each resource and one for the stack, without the network between
them. It prints the seconds; those of imports, and of reading the graph, are left out.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from catalogue.graph import Graph, Resource


def offline(graph: Graph) -> Callable[[], int]:
    """Every rule of the graph's platform, to be asked; answers the number of violations."""
    from policies.pack import RULES

    rules = RULES[graph.platform]
    return lambda: sum(len(rule.judge(graph).violations) for rule in rules)


def engine(graph: Graph) -> Callable[[], int]:
    """Every policy of the pack on Pulumi's own server, to be asked; answers the number of violations."""
    from pulumi.runtime import proto
    from pulumi_policy import EnforcementLevel

    from policies.__main__ import Analyzer, policies, read_as_offline
    from policies.waivers import PROJECT

    os.environ |= {"PULUMI_PROJECT": PROJECT, "PULUMI_CONFIG": json.dumps(_config(graph))}
    read_as_offline()
    server: Any = Analyzer(
        "mlplatform", "0.0.1", policies(), EnforcementLevel.ADVISORY, None, None, None, None, None, None, None
    )
    messages: Any = proto
    by_urn = {resource.urn: resource for resource in graph.resources if resource.custom}
    whole = messages.AnalyzeStackRequest()
    each: list[Any] = []
    for resource in by_urn.values():
        for made, props in ((messages.AnalyzeRequest(), resource.inputs), (whole.resources.add(), _answered(resource))):
            made.type, made.urn, made.name = resource.type, resource.urn, resource.name
            made.properties.update(props)
            if provider := by_urn.get(resource.provider or ""):
                made.provider.type, made.provider.urn, made.provider.name = provider.type, provider.urn, provider.name
            each += [made] if isinstance(made, messages.AnalyzeRequest) else []
        shown = whole.resources[-1]
        shown.options.protect, shown.parent = resource.protect, resource.parent or ""
        shown.dependencies.extend(resource.dependencies)
        for key, urns in resource.property_dependencies.items():
            shown.propertyDependencies[key].urns.extend(urns)

    def ask() -> int:
        found = sum(len(server.Analyze(one, None).diagnostics) for one in each)
        return found + len(server.AnalyzeStack(whole, None).diagnostics)

    return ask


def _answered(resource: Resource) -> Mapping[str, Any]:
    return {**resource.inputs, **resource.outputs}


def _config(graph: Graph) -> Mapping[str, str]:
    """The words of the stack file that tell a rule where the stack stands."""
    at = graph.placement
    if at is None:
        return {}
    words = {
        "platform": graph.platform,
        "account": at.account,
        "region": at.region,
        "environment": at.environment,
        "team": at.team,
    }
    return {f"mlplatform:{key}": value for key, value in words.items()}


def main() -> None:
    """Ask once and print `{"seconds": …, "cpu_seconds": …, "resources": …, "found": …}`."""
    graph = Graph.from_json(json.loads(Path(sys.argv[1]).read_bytes()))
    ask = {"offline": offline, "engine": engine}[sys.argv[2]](graph)
    began, spent = time.perf_counter(), time.process_time()
    found = ask()
    took = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - spent}
    json.dump({**took, "resources": len(graph.cloud), "found": found}, sys.stdout)


if __name__ == "__main__":
    main()
