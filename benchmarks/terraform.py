"""The whole verdict beside what one would run without us: `terraform plan` and `checkov` on the same resources."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import CHECKOV, Spread, checkov_environment, mlplatform, python, run
from benchmarks.tables import met, table
from benchmarks.whole import file, stack
from operations.rendering.terraform import render_configuration

GOAL = 0.5
STACK, FILE = stack("aws"), file("aws")
PLUGINS = "MLPLATFORM_TF_PLUGIN_DIR"
_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_DEFAULTS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")

# Arguments that Terraform demands and Pulumi fills in by itself, by type: they get the resource's name.
NAMED_BY_PULUMI = {"aws_appautoscaling_policy": "name", "aws_ecr_repository": "name"}
# Arguments of the provider's version 6, which pulumi-aws 7 carries, that version 5 does not have: left out there.
NOT_IN_VERSION_5: Mapping[str, tuple[str, ...]] = {}


def section(environment: Mapping[str, str], folder: Path, rounds: int) -> str:
    """Measure and describe, or say why not. Raises BenchmarkFailed when a command does not do its work."""
    title = "### The whole verdict beside `terraform plan` and `checkov`"
    terraform = shutil.which("terraform")
    if terraform is None:
        return f"{title}\n\nSkipped: no `terraform` on PATH."
    plugins = _plugins()
    if plugins is None:
        return f"{title}\n\nSkipped: no plugin folder with hashicorp/aws; name one in {PLUGINS}."
    version = max(path.name for path in (plugins / _PROVIDER).iterdir() if path.is_dir())
    work = folder / "terraform"
    work.mkdir()
    graph = json.loads(run(python("benchmarks.program", FILE), environment).stdout)
    configuration = _configuration(graph["resources"], version)
    (work / "main.tf.json").write_text(json.dumps(configuration), encoding="utf-8")
    quiet = {**checkov_environment(), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    run([terraform, "init", f"-plugin-dir={plugins}"], quiet, folder=work)
    scan = [CHECKOV / ".venv" / "bin" / "checkov", "-f", "plan.json", "--framework", "terraform_plan"]
    scan += ["--skip-download", "--external-checks-dir", CHECKOV / "checks"]

    def one_round() -> dict[str, float]:
        whole = run(mlplatform("preview", STACK, "--out", folder / "out"), environment)
        plan = run([terraform, "plan", "-out=p", "-refresh=false"], quiet, folder=work)
        show = run([terraform, "show", "-json", "p"], quiet, folder=work)
        (work / "plan.json").write_bytes(show.stdout)
        # Checkov exits 1 on findings, and knows no waivers of ours.
        checkov = run(scan, checkov_environment(), folder=work, allowed=(0, 1))
        return {
            "whole": whole.seconds,
            "plan": plan.seconds,
            "show": show.seconds,
            "checkov": checkov.seconds,
            "theirs": plan.seconds + show.seconds + checkov.seconds,
        }

    one_round()
    measured = [one_round() for _ in range(rounds)]
    names = {
        "whole": f"whole verdict: `mlplatform preview {STACK}`",
        "plan": "`terraform plan`, without refresh",
        "show": "`terraform show -json`",
        "checkov": "`checkov` on that plan, our checks included",
        "theirs": "the three together",
    }
    rows = [(name, Spread.of([one[key] for one in measured]).text()) for key, name in names.items()]
    ratio = Spread.of([one["whole"] / one["theirs"] for one in measured])
    named = sum(len(configuration["resource"].get(type_, {})) for type_ in NAMED_BY_PULUMI)
    count = sum(len(bodies) for bodies in configuration["resource"].values())
    return "\n\n".join(
        [
            title,
            f"Rounds: {rounds} after one warm-up, in turn. Median (minimum to maximum). hashicorp/aws {version}, "
            f"{count} resources; `terraform init` is not timed, and nothing reaches a network. {named} resources get "
            f"the name that Pulumi would give them ({', '.join(NAMED_BY_PULUMI)}); left out for this version of the "
            f"provider: {_left_out(version)}.",
            table(("what", "seconds"), rows),
            f"- whole ÷ (plan + show + checkov), round by round: {ratio.text()}; goal at most {GOAL}: "
            f"**{met(ratio.middle <= GOAL)}**",
        ]
    )


def _plugins() -> Path | None:
    given = os.environ.get(PLUGINS)
    folders = [Path(given)] if given else [Path(folder).expanduser() for folder in _DEFAULTS]
    return next((folder.resolve() for folder in folders if (folder / _PROVIDER).is_dir()), None)


def _configuration(resources: Iterable[Mapping[str, Any]], version: str) -> dict[str, Any]:
    """The rendered configuration with what this provider demands and without what it does not know."""
    configuration = render_configuration(resources, "us-east-1")
    for type_, argument in NAMED_BY_PULUMI.items():
        for name, body in configuration["resource"].get(type_, {}).items():
            body.setdefault(argument, name)
    if version.startswith("5."):
        for type_, arguments in NOT_IN_VERSION_5.items():
            for body in configuration["resource"].get(type_, {}).values():
                for argument in arguments:
                    body.pop(argument, None)
    return configuration


def _left_out(version: str) -> str:
    pairs = [f"{type_}.{a}" for type_, arguments in NOT_IN_VERSION_5.items() for a in arguments]
    return ", ".join(pairs) if pairs and version.startswith("5.") else "nothing"
