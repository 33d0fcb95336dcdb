"""The `mlplatform` command. It judges pilots before a cloud account exists, and shows the reasons.

Exit 0: pass. Exit 1: a mandatory finding, or a stack that broke. Exit 2: bad input, one sentence a problem on standard
error.
"""

import sys
from typing import TYPE_CHECKING

from operations.interruption import Interruption

if TYPE_CHECKING:
    import typer

_INTERRUPTED = 130


def application() -> "typer.Typer":
    """The command with its subcommands."""
    from importlib import import_module
    from importlib.metadata import version
    from pkgutil import iter_modules
    from typing import Annotated

    import typer

    from operations import commands

    app = typer.Typer(
        name="mlplatform",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )

    def say(wanted: bool) -> None:
        if wanted:
            sys.stdout.write(f"mlplatform {version('mlplatform')}\n")
            raise typer.Exit

    @app.callback()
    def _(
        _: Annotated[
            bool, typer.Option("--version", callback=say, is_eager=True, help="Print the version and end.")
        ] = False,
    ) -> None:
        """Judge managed machine-learning pilots before a cloud account exists.

        Nothing here changes a cloud but what says so first: `accept --yes`, `approve --yes`, `promote --yes`,
        `register --yes`, `reject --yes`, `run --yes`, `teardown --yes`, `idle --off` and `wake`. `pulumi up -s STACK`
        deploys.
        """

    for command in sorted(module.name for module in iter_modules(commands.__path__)):
        import_module(f"operations.commands.{command}").add(app)
    _let_flow(app)
    return app


def _let_flow(app: "typer.Typer") -> None:
    """Let the help of each command break where the terminal does: Typer keeps the line ends of a docstring."""
    import inspect
    import re

    for command in (*app.registered_commands, *filter(None, [app.registered_callback])):
        command.help = re.sub(r"(?<=\S)\n(?=[^\s-])", " ", inspect.getdoc(command.callback) or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _let_flow(group.typer_instance)


def main() -> None:
    """Run the command. Bad input ends in exit 2 with a sentence, never in a traceback."""
    with Interruption() as interruption:
        try:
            _run()
        except BaseException as error:
            interruption.end()
            if isinstance(error, BrokenPipeError):
                sys.exit(1)
            # typer turns Ctrl-C into the exit code 130, and other libraries into exceptions of their own.
            interrupted = interruption.asked or isinstance(error, KeyboardInterrupt)
            if not interrupted and getattr(error, "code", None) != _INTERRUPTED:
                raise
            sys.stderr.write("stopped; reports that are not whole were not written\n")
            sys.exit(_INTERRUPTED)


def _run() -> None:
    # The imports stand here because Ctrl-C may come while they run.
    import gc

    gc.disable()  # The process ends after one command. Garbage collection would take a fifth of a large verdict.
    from catalogue.errors import BadInput
    from operations.checkov import CheckovError
    from operations.preview import PreviewFailed
    from operations.terminal import inert

    _say_choices_plainly()
    try:
        with inert():
            application()()
    except BadInput as error:
        _tell(error)
        sys.exit(2)
    except (CheckovError, PreviewFailed) as error:
        _tell(error)
        sys.exit(1)


def _say_choices_plainly() -> None:
    """Let a wrong choice be told in our words, for Typer hands on pydantic's, which begin with "Value error, ".

    Source: https://github.com/fastapi/typer/blob/0.29.2/typer/_display.py
    """
    from typer import BadParameter

    said = BadParameter.format_message

    def plainly(self: BadParameter) -> str:
        self.message = self.message.removeprefix("Value error, ")
        return said(self)

    BadParameter.format_message = plainly


def _tell(error: Exception) -> None:
    from operations.terminal import inert

    with inert():
        sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    main()
