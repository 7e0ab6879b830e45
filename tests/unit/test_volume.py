"""The simulated volume refuses what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import volume

TESTS = Path(volume.__file__).parent


def python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that sees a folder as a volume, which is its working folder too."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", f"import os, signal, volume\nvolume.install()\n{code}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS), volume.VARIABLE: str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("open('old', 'a').write('x')", id="append"),
        pytest.param("open('old', 'r+').write('x')", id="read-and-write"),
        pytest.param("open('new', 'w+').write('x')", id="write-and-read"),
        pytest.param("open('new', 'wb', buffering=0).seek(3)", id="seek"),
        pytest.param("open('new', 'wb').truncate(3)", id="truncate"),
        pytest.param("os.truncate('old', 0)", id="truncate-by-name"),
        pytest.param("os.rename('old', 'new')", id="rename"),
        pytest.param("os.replace('old', 'other')", id="rename-over"),
        pytest.param("os.link('old', 'new')", id="hard-link"),
        pytest.param("os.symlink('old', 'new')", id="link"),
        pytest.param("os.open('new', os.O_WRONLY | os.O_CREAT)", id="around-open"),
    ],
)
def test_refused(tmp_path: Path, code: str) -> None:
    """What a volume cannot do ends with an error, changes nothing, and is noted."""
    folder = tmp_path / "volume"
    folder.mkdir()
    (folder / "old").write_text("old")
    (folder / "other").write_text("other")
    done = python(folder, code)
    assert "Operation not supported" in done.stderr
    assert (folder / "old").read_text() == "old"
    assert (folder / "other").read_text() == "other"
    assert volume.refused(folder) != []


def test_whole_files_are_written(tmp_path: Path) -> None:
    """A file that is written from its beginning to its end is there once it is closed."""
    folder = tmp_path / "volume"
    code = """
os.mkdir('below')
file = open('below/a', 'w')
file.write('text')
file.flush()
assert not os.path.exists('below/a')
file.close()
assert open('below/a').read() == 'text'
open('below/b', 'xb').write(b'bytes')
os.unlink('below/a')
"""
    done = python(folder, code)
    assert done.stderr == ""
    assert [file.name for file in (folder / "below").iterdir()] == ["b"]
    assert volume.refused(folder) == []
    assert "FileExistsError" in python(folder, "open('below/b', 'x')").stderr
    python(folder, "open('below/b', 'w')")
    assert volume.refused(folder) == [f"written over: {folder}/below/b"]


def test_open_files_are_lost_at_a_kill(tmp_path: Path) -> None:
    """What was not closed when the process was killed never was there."""
    folder = tmp_path / "volume"
    code = """
file = open('lost', 'w')
file.write('text' * 100000)
file.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert python(folder, code).returncode == -9
    assert list(folder.iterdir()) == []
