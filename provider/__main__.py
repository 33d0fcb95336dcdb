"""The process of the plugin. The engine gives it its own address and reads the port from the first line of output."""

import argparse
import os
import sys
from pathlib import Path

from pulumi.provider.experimental.server import ProviderServicer

from provider import VERSION
from provider.errors import ProviderError
from provider.plugin import Plugin
from provider.serving import Sentences, run

if __name__ == "__main__":
    started_by = os.getppid()
    # The engine starts this folder by its path, so Python looks for every module here first. Our folder `azure` would
    # hide the Azure SDK, whose module has the same name.
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    parser = argparse.ArgumentParser(prog="mlplatform provider")
    parser.add_argument("engine", nargs="?", default="")
    known, _ = parser.parse_known_args()
    plugin = Plugin()
    run(
        lambda: ProviderServicer(sys.argv[1:], VERSION, plugin, engine_address=known.engine),
        Sentences("the mlplatform provider", (ProviderError,)),
        started_by,
        plugin.leave,
    )
