"""Makes `docs/controls.md`, the page for whoever signs the controls. `make docs` writes it; a test compares it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from catalogue.platforms import PLATFORMS
from policies import controls, limits, pack

FILE = Path(__file__).parents[2] / "docs" / "controls.md"
_HEAD = """# Preventive controls

Nothing stops a `pulumi up` without `--policy-pack`, nor a person in a console. So what a cloud can refuse by itself is
compiled from the limits and from a stack's own world, and a landing zone deploys it above the stack's account:

    uv run mlplatform controls aws-pilot                  # what would be refused, and who lets it be lifted
    uv run mlplatform controls aws-pilot --out controls   # the documents, one file each, to review and deploy

A stack's own controls name its account, region, keys and callers. Those of a platform (`mlplatform controls aws`) hold
for every stack, by the limits under `limits` alone.

The command writes files and calls no cloud. Nothing is in force until a landing zone's own program deploys them, with
the component `Controls` of the platform, which protects what it makes:

```python
Controls(
    "ml",
    ControlsArgs(
        target_id="ou-ab12-3cd45678",
        tags=TAGS,
        documents={file.stem: file.read_text() for file in Path("controls").glob("*.json")},
    ),
)
```

On gcp it takes `organization` and `target`, on azure `subscription`, in place of `target_id` and `tags`. Programs in
other languages have it in the component packages (`mlplatform-aws:index:Controls`). Whoever runs that program must not
be whoever runs the stacks' programs. On aws and gcp no role of a deployer here has the right to set a policy of an
organization. On azure whoever deploys is Owner of the subscription, and may take an assignment off: there the controls
stop whom the deployer lets in and a flag that was forgotten, and not the deployer. Try a policy in a unit of its own
first; Google Cloud and Azure can dry-run one. What a stack would do against them it is told at `pulumi up`, in the
cloud's words.

For each control the page says the threat, what the cloud refuses, the rules of the [policies](../policies/README.md)
that find the same in a plan, how it could be got round, and who lets it be lifted: the owner of a limit, as the shipped
limits name them, or security. Each control is tested on both sides: a pilot comes up under all of them, and for each
rule named here a graph that the rule finds is refused by the control. Whoever administers the organization, or may
take the control off, is bound by none of them. The page is made by `make docs`.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "\n".join(line for platform in PLATFORMS for line in _section(platform)) + "\n"


def _section(platform: str) -> Iterator[str]:
    said = controls.controls(platform)
    held = limits.load().shipped.limits
    yield f"\n## {platform}: {len(said)} controls\n"
    yield "| threat | control | refused by the cloud | rules | could be got round | approves |"
    yield "|---|---|---|---|---|---|"
    for one in said:
        rules = ", ".join(f"`{rule}`" for rule in one.rules)
        name = f"[`{one.name}`]({one.source}), in `{one.document}`"
        yield f"| {one.threat} | {name} | {one.prevents} | {rules} | {one.bypass} | {one.approver(held)} |"
    told = {rule for one in said for rule in one.rules}
    left = [rule.name for rule in pack.shipped(platform) if rule.name not in told]
    yield "\n| rules that no control stands for | because |"
    yield "|---|---|"
    for why in (*controls.unprevented(platform), *controls.EVERYWHERE):
        if names := [name for name in left if controls.why_not(platform, name) == why]:
            yield f"| {', '.join(f'`{name}`' for name in names)} | {why} |"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.relative_to(Path.cwd())}\n")
