"""Which attempts may go, and in which order their files do."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from dbt_runner.store import retention
from dbt_runner.store.artifacts import Attempt
from dbt_runner.store.attempts import MARKER, Stored
from dbt_runner.store.retention import Limits, expired, prune

DAY = 86400.0
NOW = time.time()
FULL = {"status": "success", "commands": ["build"]}


def attempt(
    place: Path,
    days_ago: float,
    summary: dict[str, Any] | None = FULL,
    *,
    complete: bool = True,
    key: str | None = None,
) -> Stored:
    """A stored attempt; without a summary it never came to its end."""
    made = Attempt(place, NOW - days_ago * DAY, key)
    made.create()
    made.write("run.json", {"resume_key": made.key})
    made.link()
    (made.folder / "commands" / "01-build" / "compiled").mkdir(parents=True)
    (made.folder / "commands" / "01-build" / "compiled" / "a.sql").write_text("select 1")
    if summary is not None:
        made.write("summary.json", {**summary, "resume_key": made.key})
        if complete:
            made.complete()
    return Stored(made.folder)


def gone(place: Path, runs: int = 1000, days: int = 1000, **more: Any) -> list[Stored]:
    """What may go."""
    return expired(place, Limits(runs, days), [lambda s: s.get("commands") == ["build"]], **more)


def test_number_and_age(tmp_path: Path) -> None:
    """An attempt goes when it is beyond the number or beyond the age, the oldest first."""
    made = [attempt(tmp_path, days) for days in (1, 2, 3, 40)]
    assert gone(tmp_path) == []
    assert gone(tmp_path, runs=2) == [made[3], made[2]]
    assert gone(tmp_path, days=30) == [made[3]]
    assert gone(tmp_path, runs=1, days=30) == [made[3], made[2], made[1]]


def test_newest_complete_run_stays(tmp_path: Path) -> None:
    """However old, the newest complete run stays."""
    attempt(tmp_path, 100)
    kept = attempt(tmp_path, 90)
    broken = attempt(tmp_path, 80, complete=False)
    assert kept not in gone(tmp_path, runs=1, days=1)
    assert broken in gone(tmp_path, runs=1, days=1)


def test_what_is_compared_with_stays(tmp_path: Path) -> None:
    """The newest complete run of a needed sort stays, if there is no newer one that is whole."""
    state = attempt(tmp_path, 100)
    for days in (5, 4, 3):
        attempt(tmp_path, days, {"status": "success", "commands": ["test"]})
    assert gone(tmp_path, runs=1, days=50) != []
    assert state not in gone(tmp_path, runs=1, days=50)
    newer = attempt(tmp_path, 2, FULL)
    assert state in gone(tmp_path, runs=1, days=50)
    (newer.folder / MARKER).write_text("{")
    assert state not in gone(tmp_path, runs=1, days=50)


def test_what_may_be_going_on_stays(tmp_path: Path) -> None:
    """An attempt without a summary stays for seven days, beyond any number."""
    young = attempt(tmp_path, 6.9, None)
    dead = attempt(tmp_path, 7.1, None)
    for _ in range(3):
        attempt(tmp_path, 0)
    assert young not in gone(tmp_path, runs=1, days=1)
    assert dead in gone(tmp_path, runs=1, days=1)


@pytest.mark.parametrize("end", [None, {"status": "failed"}, {"status": "cancelled"}])
def test_what_may_be_gone_on_with_stays(tmp_path: Path, end: dict[str, Any] | None) -> None:
    """The last attempt of a logical run that did not succeed goes by its age alone."""
    first = attempt(tmp_path, 20, {"status": "failed"}, key="nightly")
    last = attempt(tmp_path, 10, end, key="nightly")
    attempt(tmp_path, 0)
    assert gone(tmp_path, runs=1) == [first]
    assert gone(tmp_path, runs=1, days=9) == [first, last]
    attempt(tmp_path, 5, {"status": "success"}, key="nightly")
    assert last in gone(tmp_path, runs=1)


def test_own_attempt_and_foreign_folders_stay(tmp_path: Path) -> None:
    """Neither the run that prunes nor what somebody else put there is touched."""
    own = attempt(tmp_path, 100)
    attempt(tmp_path, 1)
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "runs" / "20240101T000000.000Z-backup").touch()
    assert gone(tmp_path, days=30) == [own]
    assert gone(tmp_path, days=30, spare=own.folder.name) == []


def test_removed_attempt_is_gone(tmp_path: Path) -> None:
    """Nothing is left of it, its link included; others of its key keep theirs."""
    old = attempt(tmp_path, 50, key="nightly")
    new = attempt(tmp_path, 1, key="nightly")
    pruned = prune(tmp_path, Limits(100, 30), [])
    assert pruned.removed == [old]
    assert pruned.problem is None
    assert not old.folder.exists()
    assert [link.name for link in tmp_path.glob("keys/*/*")] == [f"000002-{new.folder.name}"]
    attempt(tmp_path, 0)
    prune(tmp_path, Limits(1, 30), [])
    assert len(list(tmp_path.glob("keys/*"))) == 1


def test_half_removed_attempt_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marker goes first and the summary last: what is half removed is not used, and goes on."""
    old = attempt(tmp_path, 50)
    attempt(tmp_path, 1)

    def fail(_file: Path) -> None:
        msg = "Input/output error"
        raise OSError(5, msg)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_unlink", fail)
        pruned = prune(tmp_path, Limits(100, 30), [])
    assert pruned.removed == []
    assert pruned.problem == f"{old.folder}: Input/output error"
    assert not old.is_complete
    assert old.summary() is not None
    assert prune(tmp_path, Limits(100, 30), []).removed == [old]


def test_time_is_bounded(tmp_path: Path) -> None:
    """What there is no time for is left for the next run."""
    old = [attempt(tmp_path, days) for days in (60, 50)]
    attempt(tmp_path, 1)
    pruned = prune(tmp_path, Limits(100, 30), [], seconds=-1)
    assert pruned.removed == []
    assert "it would have taken more than" in str(pruned.problem)
    assert prune(tmp_path, Limits(100, 30), [], seconds=60).removed == old


def test_two_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run that removes the same attempt is no fault."""
    old = attempt(tmp_path, 50)
    attempt(tmp_path, 1)
    real = retention._unlink

    def meanwhile(file: Path) -> None:
        file.unlink(missing_ok=True)
        real(file)

    monkeypatch.setattr(retention, "_unlink", meanwhile)
    assert prune(tmp_path, Limits(100, 30), []).removed == [old]
    assert prune(tmp_path / "nowhere", Limits(1, 1), []).removed == []


def test_broken_summary_goes_by_age(tmp_path: Path) -> None:
    """An attempt whose summary cannot be read goes when it is old."""
    old = attempt(tmp_path, 50)
    attempt(tmp_path, 1)
    (old.folder / "summary.json").write_text(json.dumps(["no", "object"]))
    assert gone(tmp_path, days=30) == [old]
