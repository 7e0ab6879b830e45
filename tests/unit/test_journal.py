"""Entries of nodes, durable soon after they come, in whole files."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from dbt_runner.store import journal
from dbt_runner.store.journal import SEGMENT, Entry, Journal, entry, read


def opened(folder: Path, pause: float = 0.01) -> tuple[Journal, list[str]]:
    """A journal at work, and the troubles that it told of."""
    troubles: list[str] = []
    made = Journal(folder, troubles.append, pause)
    made.begin()
    return made, troubles


def files(folder: Path) -> list[str]:
    """Names of the journal's files."""
    return sorted(file.name for file in (folder / "journal").iterdir())


def until(found: list[str]) -> None:
    """Wait until something was told."""
    deadline = time.monotonic() + 5
    while not found and time.monotonic() < deadline:
        time.sleep(0.01)


def test_durable_soon(tmp_path: Path) -> None:
    """An entry is in the store before the journal is closed."""
    made, _ = opened(tmp_path)
    made.add(entry(0, "model.p.a", "success", seconds=1.5, rows=3))
    deadline = time.monotonic() + 2
    while not read(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    found = read(tmp_path)[0, "model.p.a"]
    assert (found.status, found.seconds, found.rows) == ("success", 1.5, 3)
    assert abs(found.at - time.time()) < 5
    assert made.close()


def test_the_last_entry_counts(tmp_path: Path) -> None:
    """A node that was tried again ends as it ended last; the same again is not written twice."""
    made, _ = opened(tmp_path)
    for status in ("error", "error", "success"):
        made.add(entry(0, "model.p.a", status))
    made.add(entry(1, "model.p.a", "fail"))
    assert made.close()
    assert {key: one.status for key, one in read(tmp_path).items()} == {
        (0, "model.p.a"): "success",
        (1, "model.p.a"): "fail",
    }
    written = json.loads((tmp_path / "journal" / files(tmp_path)[-1]).read_text())["entries"]
    assert len(written) == 3


def test_few_files(tmp_path: Path) -> None:
    """Many entries leave as many files as there are segments, whatever was written in between."""
    made, _ = opened(tmp_path, pause=0)
    for number in range(2 * SEGMENT + 50):
        made.add(entry(0, f"model.p.{number}", "success"))
        if number % 10 == 0:
            time.sleep(0.003)
    assert made.close()
    assert len(read(tmp_path)) == 2 * SEGMENT + 50
    assert len(files(tmp_path)) <= 3


def test_of_many_threads(tmp_path: Path) -> None:
    """dbt's threads add side by side, and nothing is lost."""
    made, _ = opened(tmp_path, pause=0)

    def work(thread: int) -> None:
        for number in range(100):
            made.add(entry(0, f"model.p.{thread}_{number}", "success"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.close()
    assert len(read(tmp_path)) == 800


@pytest.mark.parametrize("broken", [b"", b'{"entries": [{"comm', b"[]", b'{"entries": [{}]}'])
def test_a_broken_file_is_passed_over(tmp_path: Path, broken: bytes) -> None:
    """A process that died while it wrote leaves the file before, which counts."""
    made, _ = opened(tmp_path)
    made.add(entry(0, "model.p.a", "success"))
    assert made.close()
    (tmp_path / "journal" / "0000-9999.json").write_bytes(broken)
    assert read(tmp_path)[0, "model.p.a"].status == "success"


def test_none(tmp_path: Path) -> None:
    """An attempt that did nothing has no journal."""
    made, troubles = opened(tmp_path)
    assert made.close()
    assert read(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
    assert troubles == []


def test_storage_that_comes_back(tmp_path: Path) -> None:
    """What cannot be written is told once, kept, and written when that is possible again."""
    folder = tmp_path / "attempt"
    made, troubles = opened(folder)
    made.add(entry(0, "model.p.a", "success"))
    made.add(entry(0, "model.p.b", "success"))
    until(troubles)
    folder.mkdir()
    made.add(entry(0, "model.p.c", "success"))
    assert made.close()
    assert len(read(folder)) == 3
    assert len(troubles) == 1
    assert "No such file" in troubles[0]


def test_storage_that_stays_away(tmp_path: Path) -> None:
    """Closing says that entries are lost."""
    made, troubles = opened(tmp_path / "nowhere")
    made.add(entry(0, "model.p.a", "success"))
    assert not made.close()
    assert len(troubles) == 1


def test_storage_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who adds waits for the storage, and closing waits only so long."""
    hanging = threading.Event()
    monkeypatch.setattr(journal, "write_whole", lambda *_: hanging.wait(10))
    made, _ = opened(tmp_path)
    began = time.monotonic()
    for number in range(1000):
        made.add(Entry(0, f"model.p.{number}", "success"))
    assert not made.close(timeout=0.1)
    assert time.monotonic() - began < 2
    hanging.set()
