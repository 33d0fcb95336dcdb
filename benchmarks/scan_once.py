"""One scan alone, under Checkov's own Python: `python -I scan_once.py scan.py` scans what standard input names.

The commands run it in a fork of a warm process; here it is a process of its own, so that it can be measured. The last
line on standard error gives the seconds of the scan. With nothing on standard input it ends when it could begin.
"""

import gc
import os
import runpy
import sys
import time


def main() -> int:
    gc.disable()  # as the warm process does
    job = runpy.run_path(sys.argv[1])["load"]()
    if os.fstat(0).st_size == 0:
        return 0
    started = time.perf_counter()
    code = job()
    print(time.perf_counter() - started, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
