"""How the console script's process ends: as by `sys.exit`, only sooner."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROLOGUE = "import atexit, os, sys, threading, time\nfrom dbt_runner.leaving import leave\n"


def ended(code: str, *, end: str, stdout: int = subprocess.PIPE) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a process that ends in one of both ways."""
    # buffered, as where Python is not told otherwise
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", f"{PROLOGUE}{code}\n{end}"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environ,
    )
    # but for where it was called from
    lines = (line for line in done.stderr.splitlines() if not line.startswith((" ", "Traceback")))
    return done.returncode, done.stdout, "\n".join(lines)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("print('said'); sys.stderr.write('told'); code = 0", id="green"),
        pytest.param("print('said'); code = 143", id="exit-code"),
        pytest.param(
            "atexit.register(print, 'first'); atexit.register(print, 'last'); code = 1", id="atexit"
        ),
        pytest.param("atexit.register(int, 'x'); code = 1", id="atexit-that-fails"),
        pytest.param("atexit.register(os._exit, 9); code = 1", id="atexit-that-exits"),
        pytest.param(
            "threading.Thread(target=lambda: (time.sleep(0.3), print('done'))).start(); code = 2",
            id="thread-is-waited-for",
        ),
        pytest.param(
            "threading.Thread(target=time.sleep, args=[60], daemon=True).start(); code = 0",
            id="daemon-is-not",
        ),
        pytest.param("sys.stdout.close(); code = 3", id="closed-output"),
        pytest.param("sys.stdout = None; code = 3", id="no-output"),
        pytest.param(
            "import io; sys.stdout.write('said'); sys.stdout = io.StringIO(); code = 0",
            id="output-stood-in-for",
        ),
    ],
)
def test_as_by_sys_exit(code: str) -> None:
    """Exit code and both outputs are what Python's own end makes them."""
    assert ended(code, end="leave(code)") == ended(code, end="sys.exit(code)")


def test_pipe_that_nobody_reads() -> None:
    """What cannot be written any more is told by Python itself, with its exit code."""
    ends = []
    for end in ("leave(0)", "sys.exit(0)"):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            ends.append(ended("print('said')", end=end, stdout=writer))
        finally:
            os.close(writer)
    assert ends[0] == ends[1]
    assert ends[0][0] == 120
    assert "BrokenPipeError" in ends[0][2]


def test_objects_are_not_taken_apart() -> None:
    """What would be done when a module is taken apart is not done: that is what is saved."""
    code = "class Last:\n    def __del__(self): os.write(1, b'gone')\nlast = Last()"
    assert ended(code, end="sys.exit(0)")[1] == "gone"
    assert ended(code, end="leave(0)")[1] == ""
