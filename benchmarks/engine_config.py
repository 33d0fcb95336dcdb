"""`python -m benchmarks.engine_config STACK_FILE` prints the config that the engine would hand to the program."""

import json
import sys
from pathlib import Path

from stacks.config import to_engine

if __name__ == "__main__":
    json.dump(to_engine(Path(sys.argv[1])), sys.stdout)
