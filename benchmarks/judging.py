"""Measures one judgement in a process of its own, stage by stage. `benchmarks.scaling` starts it.

`python -m benchmarks.judging GRAPH_JSON PLAN_JSON OUT_FOLDER` judges the graph without Checkov. It writes the document
that Checkov would scan to PLAN_JSON, and prints the seconds of each stage. The seconds of imports are left out, for
they do not grow with the stack.
"""

import json
import resource
import sys
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

from catalogue.graph import Graph
from operations import report
from operations.checkov import ScanResult
from operations.judge import judge
from operations.rendering.rendered import Rendered

PEAK_PER_MB = 1_000_000 if sys.platform == "darwin" else 1_000_000 / 1024


class PlanKeeper:
    """Takes the place of Checkov's scan. It keeps the document and finds nothing."""

    rendered: Rendered

    def scan(self, rendered: Rendered) -> ScanResult:
        """Keep the document, and return a result without findings."""
        self.rendered = rendered
        return ScanResult(checkov_version="", seconds=0, passed=(), failed=(), resources=0, parsing_errors=())


def main() -> None:
    """Judge once and print `{"seconds": …, "stages": {…}, "peak_mb": …, "framework": …, "registered": …, …}`."""
    graph_file, plan_file, folder = (Path(argument) for argument in sys.argv[1:4])
    marks = [("reading the graph", time.perf_counter())]

    def stage(name: str) -> None:
        marks.append((name, time.perf_counter()))

    graph = Graph.from_json(json.loads(graph_file.read_bytes()))
    stage("rendering")
    keeper = PlanKeeper()
    verdict = judge(graph, keeper.scan, lambda: 0.0, date.today(), stage)
    stage("report")
    report.write(verdict, graph.to_json(), folder)
    stage("end")
    plan_file.write_text(json.dumps(keeper.rendered.document), encoding="utf-8")
    stages = {name: after - at for (name, at), (_, after) in pairwise(marks)}
    found = {
        "seconds": marks[-1][1] - marks[0][1],
        "stages": stages,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_PER_MB,
        "framework": keeper.rendered.framework,
        "registered": len(graph.resources),
        "resources": len(graph.cloud),
        "findings": len(verdict.findings),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
