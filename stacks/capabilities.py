"""The README's table of capabilities by platform, made from the code. `make docs` rewrites it; a test holds it true.

A room of `components/<platform>/` that the platform's program uses is `yes`, one that nobody built yet is `later`; an
endpoint's kind is `yes` or the sentence with which the stack config refuses it.
"""

import ast
import sys
from pathlib import Path

from stacks.platforms import KINDS, PLATFORMS

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- capabilities: made by make docs -->\n", "<!-- end of capabilities -->\n"

ROOMS = {
    "workspace with idle shutdown": "workspace",
    "private network": "network",
    "customer-managed keys": "encryption",
    "an identity for each persona": "identity",
    "registry of images and models": "registry",
    "batch jobs on a schedule": "batch",
    "budget": "budget",
    "audit trail": "audit",
    "alerts to the owner": "monitoring",
    "training jobs": "training",
    "pipelines": "pipeline",
    "feature store": "features",
    "quota requests": "quota",
}
"""What a person would call it, and the file of `components/<platform>/` that would build it."""


def capability(platform: str, room: str) -> str:
    """`yes` where the platform's program uses this room, `later` where it does not."""
    program = ast.parse((Path(__file__).parent / f"{platform}.py").read_text(encoding="utf-8"))
    used = {node.module for node in ast.walk(program) if isinstance(node, ast.ImportFrom)}
    return "yes" if f"components.{platform}.{room}" in used else "later"


def table() -> str:
    """The table in Markdown: a line a capability, a column a platform."""
    heads = [f"{words.product} (`{platform}`)" for platform, words in PLATFORMS.items()]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for kind in KINDS:
        cells = [words.refused.get(kind, "yes") for words in PLATFORMS.values()]
        lines.append(f"| `{kind}` endpoint | {' | '.join(cells)} |")
    for what, room in ROOMS.items():
        cells = [capability(platform, room) for platform in PLATFORMS]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(readme: str) -> str:
    """The README with the table in its place. Raises ValueError where the place is not marked."""
    before, _, rest = readme.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"README.md: lacks the marks {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(page(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write("wrote README.md\n")
