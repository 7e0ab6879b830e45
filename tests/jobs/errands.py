"""Small entry points for tests of the server itself; `errand_wheel` packs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def words() -> None:
    """Print the arguments as JSON, and the name that the program was called by."""
    say(json.dumps(sys.argv))


def fail() -> None:
    """Raise, with two lines of output before it."""
    say("on standard output")
    sys.stderr.write("on standard error\n")
    msg = "the errand failed"
    raise RuntimeError(msg)


def work() -> None:
    """Work for a moment; fail where the target schema is called broken."""
    time.sleep(1.5)
    if "--target_schema=broken" in sys.argv:
        fail()


def exit_zero() -> None:
    """End as a console script does."""
    sys.exit(0)


def fail_until() -> None:
    """Fail as often as the first argument says; the second names a file that counts."""
    file = Path(sys.argv[2])
    count = int(file.read_text()) if file.exists() else 0
    file.write_text(str(count + 1))
    if count < int(sys.argv[1]):
        msg = f"failure {count + 1}"
        raise RuntimeError(msg)


def sleep() -> None:
    """Work until SIGTERM, and say so; a child process of it works on."""
    child = subprocess.Popen(["sleep", "600"])
    say(f"child {child.pid}")

    def end(*_: object) -> None:
        msg = "ended by SIGTERM"
        raise InterruptedError(msg)

    signal.signal(signal.SIGTERM, end)
    say("at work")
    time.sleep(600)


def deaf() -> None:
    """Work on whatever comes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("at work")
    time.sleep(600)


def talk() -> None:
    """Print six million bytes."""
    os.write(1, b"first\n" + b"x" * 6_000_000 + b"\nlast\n")
