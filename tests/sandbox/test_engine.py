"""Tests of the commands that run in a sandbox, and of the signals that reach them."""

import os
import signal
import threading
import time
from pathlib import Path

from sandbox.engine import attended

CHILD = "trap 'exit 7' INT; : > ready; while :; do sleep 0.05; done"


def test_a_signal_that_did_not_wake_the_wait_reaches_the_command(tmp_path: Path) -> None:
    """A signal that comes just before the wait wakes nothing, nor does one that another thread takes."""

    def strike() -> None:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    striking = threading.Thread(target=strike)
    striking.start()
    assert attended(["/bin/sh", "-c", CHILD], tmp_path, os.environ, log=None) == 7
    striking.join()
