"""Ctrl-C while the engine runs the program."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys
from pathlib import Path
from stacks.interruption import end_quietly, is_engines
signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where a shell started the tests
sys.argv = [sys.argv[1]]
if is_engines(Path(sys.argv[0] if "{own}" else "another")):
    end_quietly()
signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.parametrize(("own", "code", "traceback"), [("yes", 32, False), ("", -2, True)])
def test_the_engines_program_ends_without_a_word_and_any_other_keeps_pythons_own_way(
    own: str, code: int, traceback: bool, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PROGRAM.format(own=own), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == code
    assert ("KeyboardInterrupt" in ended.stderr) is traceback and bool(ended.stderr) is traceback
