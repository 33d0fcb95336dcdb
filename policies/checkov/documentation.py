"""Prints the page of our Checkov checks, of their files alone. `make docs` writes it to docs/checkov.md."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKS = Path(__file__).parent / "checks"
HEAD = """# Our Checkov checks

What Checkov has no check for, of Amazon SageMaker, Vertex AI and Azure Machine Learning, in Checkov's own form. They
run on what a Pulumi program renders, and on Terraform, ARM templates and Bicep files of your own:

    checkov -d . --external-checks-dir policies/checkov/checks

Each is one file in [policies/checkov/checks/](../policies/checkov/checks/). Each has a file that passes and one that
fails in [tests/policies/checkov/fixtures/](../tests/policies/checkov/fixtures/), for Azure as ARM template and as
Bicep, which Checkov itself scans in a test; the check on several resources, CKV2_MLP_1, reads what ARM has and is
tested on rendered graphs alone. Checkov's own checks of these services are not repeated: it has the encryption and the
network of notebook instances, domains and endpoint configurations, the isolation of models, and the shielded boot of
notebooks. Which control of a baseline a check answers is in [baselines](baselines.md). `make docs` makes this page.

| check | asks | of | in | because |
|---|---|---|---|---|
"""


def rows() -> Iterator[tuple[int, str]]:
    """The number and the row of each check."""
    for file in CHECKS.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        said = {
            word.arg: ast.literal_eval(word.value)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            for word in call.keywords
            if word.arg in ("name", "id", "supported_resources")
        }
        if said:
            why = " ".join((ast.get_docstring(tree) or "").split("\n\n")[0].split())
            form = "ARM, Bicep" if said["supported_resources"][0].startswith("Microsoft.") else "Terraform"
            yield _row(said["id"], said["name"], said["supported_resources"], form, why)
    for file in CHECKS.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        [id_], [name] = (re.findall(rf'^  {key}: "?(.+?)"?$', text, re.MULTILINE) for key in ("id", "name"))
        why = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
        yield _row(id_, name, sorted(set(re.findall(r"Microsoft\.[A-Za-z/]+", text))), "ARM", why)


def _row(id_: str, name: str, types: list[str], form: str, why: str) -> tuple[int, str]:
    number = int(id_.rpartition("_")[2]) + (1000 if id_.startswith("CKV2") else 0)
    return number, f"| {id_} | {name} | {', '.join(f'`{type_}`' for type_ in types)} | {form} | {why} |\n"


if __name__ == "__main__":
    sys.stdout.write(HEAD + "".join(row for _, row in sorted(rows())))
