"""The program that `pulumi up` runs: the ground of one stack on its platform, then the sections of its stack file."""

from importlib import import_module
from pathlib import Path

from stacks.interruption import end_quietly, is_engines

# Before the imports that cost seconds.
if is_engines(Path(__file__).parent):
    end_quietly()

import pulumi

from catalogue.errors import BadInput
from stacks.config import from_engine
from stacks.sections import asked, deployer, imported, standing

try:
    config = from_engine()
    # Only the platform in use is imported: each cloud's SDK costs seconds.
    parts = {s.name: imported(name) for s in asked(config) if (name := deployer(s.name, config.platform))}
except BadInput as error:
    raise pulumi.RunError(str(error)) from None

# The ground is the same in both phases: it reaches and may do what the whole stack needs.
reach = {service for part in parts.values() if hasattr(part, "reaches") for service in part.reaches(config)}
needs = [part.grants(config) for part in parts.values() if hasattr(part, "grants")]
ground = import_module(f"stacks.{config.platform}.ground").lay(pulumi.get_stack(), config, reach, needs)
laid = [parts[section.name] for section in standing(config) if section.name in parts]
for outputs in (ground.outputs, *(part.deploy(ground, config) for part in laid if hasattr(part, "deploy"))):
    for output, value in outputs.items():
        pulumi.export(output, value)
