"""Makes `policies/README.md`, with the table of rules, from the pack. `make docs` writes it; a test compares it."""

import sys
from pathlib import Path

from catalogue.platforms import PLATFORMS
from policies import exceptions, pack

FILE = Path(__file__).with_name("README.md")
_HEAD = """# Policies

What is allowed in a pilot. The rules are plain functions in `policies/<platform>/`, run in unit tests, by
`mlplatform preview` and on the engine (`pulumi up --policy-pack policies`). The limits that ship, with their owners,
are in [limits.yaml](limits.yaml). What the components decide against a rule, in every stack, is in
[exceptions/](exceptions/), each with its decision record; what one stack that ships decides is in
[waivers.yaml](waivers.yaml). A company's own limits, waivers and rules are in
[organisation/](../organisation/README.md). Checkov's environment and our own checks are in [checkov/](checkov/), and
[checks.txt](checks.txt) has their ids; a page tells [ours](../docs/checkov.md). Which public control each rule answers
is in [baselines](../docs/baselines.md). What a cloud refuses by itself, whoever forgets the pack, is in
[controls](../docs/controls.md). This page is made by `make docs`, of the rules that ship.

On the engine a rule on one resource is judged before that resource is created; a rule on the whole stack is judged at
preview with what is known then, and again at the end of `up`. So never `pulumi up --skip-preview`. One pack serves
every platform there, so a rule's name begins with its platform: `aws-network-proof`.

## How hard a rule binds

A finding of a rule fails the verdict and stops the engine, but for the few rules that only advise. The limit
`advisory-rules` names others that only advise, for every stack, an environment, a team or an account; none does as it
ships. It is read offline and on the engine alike, and the proof of such a rule is `not yet`. A rule that is never
waived cannot be named: a line that does is refused.

The engine takes a config too, in any project:

```console
pulumi up --policy-pack policies --policy-pack-config levels.json
```

```json
{
  "all": "advisory",
  "aws-cost-budget": "mandatory",
  "aws-tags-given": {"enforcementLevel": "remediate", "tags": {"team": "shop", "owner": "shop@example.com"}}
}
```

It may raise a rule. In a project of others it may lower or disable one that may be waived. In a stack of this program
it lowers none, for the offline verdict does not see it. What it may not lower keeps its level, and `levels-kept` says
so. A rule whose level is `remediate` binds; what mends by itself is `tags-given` alone, which is off until a config
says `remediate`. It gives a resource that takes tags or labels those that it lacks: of the config's `tags`, and in a
stack of this program of its stack file and landing zone. A value that is there is never changed, nor one that the
provider gives.

## A state, and a program of others

`mlplatform check FILE` judges what `pulumi preview --json --show-sames` or `pulumi stack export` wrote, by the same
rules and Checkov, where the file alone is at hand. A secret that is marked is never read, and a file that shows one
in clear is refused. A secret that the program never marked is plain text in each file; what looks like one is left
out of every sentence, and nobody can promise that all are seen. `--policy-pack-config levels.json` is the config that
the engine takes, and does there what it does on the engine. With the CLI and the backend, the engine judges what
stands by the pack itself:

```console
pulumi policy analyze --stack prod --policy-pack policies
```
"""


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for platform in PLATFORMS:
        rules = pack.shipped(platform)
        lines += [f"## {platform}: {len(rules)} rules", "", "| rule | severity | says | remedy |", "|---|---|---|---|"]
        for rule in rules:
            never = " Never waived." if rule.never_waived else ""
            lines.append(f"| `{rule.name}` | {rule.severity} | {rule.says} | {rule.remedy}{never} |")
        lines += ["", "| exception to | on | because | decided in |", "|---|---|---|---|"]
        for each in exceptions.of(platform):
            where = f"{each.component}{f' {each.child}' if each.child else ''}, `{each.type}`"
            record = f"[{each.decision[9:13]}](../{each.decision})"
            lines.append(f"| `{each.rule}` | {where} | {each.reason} | {record} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.relative_to(Path.cwd())}\n")
