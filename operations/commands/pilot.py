"""`mlplatform pilot`: judge every pilot of `stacks/`."""

import typer

from catalogue.errors import BadInput
from catalogue.wording import typed
from operations.arguments import OUT, AgainstOption, Format, OutOption, TodayOption, day
from operations.judge_command import judge_and_show
from stacks.config import STACKS


def pilot(
    context: typer.Context,
    out: OutOption = OUT,
    today: TodayOption = None,
    against: AgainstOption = None,
) -> None:
    """Judge every pilot of stacks/ and write its report; exit 1 when one of them fails."""
    if context.args:
        one = typed("preview", *context.args)
        raise BadInput(f"pilot: judges every stack of stacks/ and takes none; `{one}` judges these")
    names = sorted(STACKS.glob("Pulumi.*.yaml"))
    if not names:
        raise BadInput(f"{STACKS}: holds no Pulumi.<stack>.yaml; add one such as Pulumi.aws-pilot.yaml")
    judge_and_show(names, Format.TABLE, out, day(today), against)


def add(app: typer.Typer) -> None:
    """Add the command."""
    # Whoever names a stack is told what judges one.
    more = {"allow_extra_args": True}
    app.command(epilog="Example: uv run mlplatform pilot", context_settings=more)(pilot)
