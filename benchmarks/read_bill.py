"""`python -m benchmarks.read_bill FILE` reads one export, as `mlplatform cost --actual` does, and prints its rows."""

import sys
from pathlib import Path

from operations.actual.reading import read

if __name__ == "__main__":
    stacks = [f"stack-{number}" for number in range(10)]
    print(sum(one.rows for one in read([Path(sys.argv[1])], stacks, ["000000000001"], {})))
