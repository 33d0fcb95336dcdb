"""Another company's own folder, in a process that has read one already."""

import sys
from importlib import invalidate_caches

from catalogue import landing_zones, transcripts
from catalogue import organisation as own
from catalogue.kinds import kinds
from policies import limits, pack, waivers
from stacks.sections import deployer, sections, stack_model


def forget() -> None:
    """Forget all that was read of a company's folder, so that what a test writes into it is read."""
    transcripts.kept.cache_clear()
    for read in (own.folders, kinds, limits.load, waivers.load, landing_zones.load, sections, stack_model, deployer):
        read.cache_clear()
    pack.RULES.clear()
    for module in [name for name in sys.modules if name.partition(".")[0] == own.NAME]:
        del sys.modules[module]
    invalidate_caches()
