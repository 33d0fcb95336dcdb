"""The component package mlplatform-gcp, as the engine starts it for a program of any project."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The engine starts this folder by its path, and Python then looks for every module here first. Ours are found from
    # the root of the repository, whatever the project that asks calls its own folders.
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parents[1]), *(entry for entry in sys.path if Path(entry).resolve() != here)]
    from components.package import serve

    serve("gcp")
