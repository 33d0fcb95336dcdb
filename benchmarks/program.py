"""One program alone: `python -m benchmarks.program STACK_FILE` prints the graph of the offline preview.

The commands run it in a fork of a warm process; here it is a process of its own, so that it can be measured.
"""

import gc
import json
import sys
from pathlib import Path

from operations.offline import preview
from stacks.config import stack_name, to_engine


def main() -> None:
    gc.disable()  # as the warm process does
    file = Path(sys.argv[1])
    json.dump(preview(stack_name(file), to_engine(file)).to_json(), sys.stdout)


if __name__ == "__main__":
    main()
