"""The `mlplatform` command. It judges pilots before a cloud account exists, and shows the reasons.

Exit 0: pass. Exit 1: a mandatory finding, or a stack that broke. Exit 2: bad input, one sentence a problem on standard
error.
"""

import gc
import sys
from importlib import import_module
from pkgutil import iter_modules

import typer

from catalogue.errors import BadInput
from operations import commands

app = typer.Typer(
    name="mlplatform",
    help="Judge managed machine-learning pilots before a cloud account exists.\n\nNothing here changes a cloud; "
    "`pulumi up -s STACK` deploys.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for _command in sorted(module.name for module in iter_modules(commands.__path__)):
    import_module(f"operations.commands.{_command}").add(app)


def main() -> None:
    """Run the command. Bad input ends in exit 2 with a sentence, never in a traceback."""
    gc.disable()  # The process ends after one command. Garbage collection would take a fifth of a large verdict.
    from operations.checkov import CheckovError
    from operations.preview import PreviewFailed

    try:
        app()
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except (CheckovError, PreviewFailed) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; reports that are not whole were not written\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
