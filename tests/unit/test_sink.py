"""Output that breaks without changing the result of a run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dbt_runner.report.sink import Sink

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from dbt_runner.report.sink import Sink
sink = Sink(sys.stdout)
for number in range(5000):
    sink.write(f"line {number} ✓ 日本\\n")
sys.exit(7)
"""


def write_to(out: int | io.BufferedWriter, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Write many lines in a process whose exit code is 7."""
    return subprocess.run(
        [sys.executable, "-c", WRITER],
        stdout=out,
        stderr=subprocess.PIPE,
        check=False,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environ},
    )


def test_closed_pipe_changes_nothing() -> None:
    """A reader that went away, as in `| head`, costs neither the exit code nor a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = write_to(writing)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (7, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_full_disk_changes_nothing() -> None:
    """A device without room costs neither the exit code nor a traceback."""
    with Path("/dev/full").open("wb", buffering=0) as full:
        ended = write_to(full.fileno())
    assert (ended.returncode, ended.stderr) == (7, b"")


def test_ascii_stream_gets_escapes() -> None:
    """Where the stream knows ASCII only, other characters are escaped and nothing is lost."""
    ended = write_to(subprocess.PIPE, PYTHONIOENCODING="ascii")
    assert ended.returncode == 7
    assert ended.stdout.startswith(rb"line 0 \u2713 \u65e5\u672c" + b"\n")
    assert ended.stdout.count(b"\n") == 5000


def test_lone_surrogate_is_escaped() -> None:
    """Bytes that are no UTF-8 reach the output escaped."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    Sink(stream).write("a\udcff\n")
    assert raw.getvalue() == b"a\\udcff\n"


def test_closed_stream_is_given_up() -> None:
    """A stream that is closed, as in a notebook, is given up after the first write."""
    stream = io.StringIO()
    sink = Sink(stream)
    assert sink.write("a\n") == 2
    assert stream.getvalue() == "a\n"
    stream.close()
    assert sink.write("b\n") == 2
    assert sink.broken
    assert not sink.isatty()
    assert sink.encoding == "utf-8"


def test_missing_stream_takes_everything() -> None:
    """A process that was started with its output closed has no stream at all."""
    sink = Sink(None)
    assert sink.write("a\n") == 2
    assert sink.broken
    assert not sink.isatty()
