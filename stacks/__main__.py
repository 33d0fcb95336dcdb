"""The program that `pulumi up` runs: one stack, on the platform its stack file names."""

from importlib import import_module

import pulumi

from stacks.config import from_engine
from stacks.errors import BadInput

try:
    config = from_engine()
except BadInput as error:
    raise pulumi.RunError(str(error)) from None

# Only the platform in use is imported: each cloud's SDK costs seconds.
for output, value in import_module(f"stacks.{config.platform}").deploy(pulumi.get_stack(), config).items():
    pulumi.export(output, value)
