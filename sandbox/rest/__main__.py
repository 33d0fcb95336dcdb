"""`python -m sandbox.rest FOLDER`: serves the double of the sandbox in FOLDER on loopback until it is ended.

The first line of output is its address. The address also stands in FOLDER/rest.address while it serves, and beside it
in FOLDER/rest.token, which its user alone may read, the token that it takes.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from sandbox.home import Home
from sandbox.rest.kept import KeptDouble
from sandbox.rest.server import a_token
from sandbox.state import OtherVersion

ADDRESS_FILE, TOKEN_FILE = "rest.address", "rest.token"


def main() -> int:
    """Serve. Returns 0 when SIGINT or SIGTERM ends it, and 2 with a sentence when it cannot serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.rest", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the sandbox, as `mlplatform sandbox` made it")
    parser.add_argument("--port", type=int, default=0, help="a port of this machine; a free one if none is named")
    given = parser.parse_args()
    folder: Path = given.folder
    if not folder.is_dir():
        sys.stderr.write(f"{folder}: no such sandbox; `mlplatform sandbox -- pulumi preview -s aws-pilot` makes one\n")
        return 2
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a process in the background ignores SIGINT otherwise
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before the server's threads start, for they inherit it
    note, kept = folder / ADDRESS_FILE, folder / TOKEN_FILE
    try:
        with KeptDouble(database=Home(folder).database, port=given.port, token=a_token()) as double:
            kept.unlink(missing_ok=True)  # a link of somebody else's, or a file that others may read
            with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(double.token + "\n")
            note.write_text(double.address + "\n", encoding="utf-8")
            sys.stdout.write(f"{double.address}\n")
            sys.stdout.flush()
            signal.sigwait(signals)
            if note.read_text(encoding="utf-8").strip() == double.address:
                note.unlink()
                kept.unlink(missing_ok=True)
    except OtherVersion as error:
        sys.stderr.write(f"{error}; `mlplatform sandbox reset --yes` removes one\n")
        return 2
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot serve on port {given.port} of 127.0.0.1: {error}; leave --port out for a free one\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
