"""One writer: real processes, and real runs of dbt, on one place."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from dbt_runner.errors import BusyError, SettingsError
from dbt_runner.store.lease import Times
from dbt_runner.store.leases import Leases, Place
from dbt_runner.store.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Project, Running


DRIVER = Path(__file__).parents[1] / "lease_driver.py"
PLACE = Place(("databricks", "main", "analytics"), "main.analytics")
SLOW = "select count(*) as n from range({rows}) as t(i) where hash(i) > 1"


class Driver:
    """A process that takes leases."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(folder), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> str:
        """Have it let go; what it says then."""
        return self.process.communicate()[0].strip()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


@pytest.fixture
def drivers() -> Iterator[list[Driver]]:
    """Those that a test starts; none outlives it."""
    started: list[Driver] = []
    yield started
    for driver in started:
        driver.process.kill()
        driver.process.communicate()


@pytest.mark.slow
def test_processes_on_one_folder(tmp_path: Path, drivers: list[Driver]) -> None:
    """Of six processes that want a place again and again, and die on it, one has it at a time."""
    seen: Counter[str] = Counter()
    end = time.monotonic() + 10
    drivers += [Driver(tmp_path, "hammer", 10) for _ in range(6)]
    for driver in drivers:
        seen += Counter(driver.end().splitlines())
        if driver.process.returncode == -signal.SIGKILL and time.monotonic() < end - 1:
            drivers.append(Driver(tmp_path, "hammer", end - time.monotonic()))
    assert seen["two holders"] == 0
    assert set(seen) <= {"held", "busy", "dies"}
    assert seen["held"] > 50
    assert seen["dies"] > 0


@pytest.mark.slow
def test_owner_that_is_stopped(tmp_path: Path, drivers: list[Driver]) -> None:
    """A lease runs out when its owner is paused; when that wakes up it knows."""
    first = Driver(tmp_path, "hold", "first", 3)
    drivers.append(first)
    assert first.line() == "held"
    first.send(signal.SIGSTOP)
    time.sleep(3)
    began = time.monotonic()
    second = Driver(tmp_path, "hold", "second", 3)
    drivers.append(second)
    assert second.line() == "held"
    assert time.monotonic() - began > 3
    first.send(signal.SIGCONT)
    assert first.line().startswith("main.analytics is not held any more: ")
    assert second.end() == "released"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def elsewhere(folder: Path, attempt: str, key: str | None, told: list[str] | None = None) -> Leases:
    """Leases of a run on another machine, of which nothing is known but its signs of life."""
    return Leases(
        folder,
        lambda: Owner(attempt=attempt, resume_key=key),
        lambda: None,
        lambda event, **_: told.append(event) if told is not None else None,
        Times(2.0, 0.3),
    )


def test_earlier_attempt_on_a_lost_machine(tmp_path: Path) -> None:
    """An attempt that is tried again waits for the lease of the one before it; no other does."""
    first = elsewhere(tmp_path, "first", "42/build")
    first.take([PLACE], 0)
    first._over.set()
    with pytest.raises(BusyError, match=r"main\.analytics is held by another run: attempt first"):
        elsewhere(tmp_path, "other", "43/build").take([PLACE], 0)
    told: list[str] = []
    second = elsewhere(tmp_path, "second", "42/build", told)
    second.take([PLACE], 0)
    assert told == ["lock.waiting", "lock.taken"]
    second.release()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_places_are_taken_together(tmp_path: Path) -> None:
    """Who cannot have all places has to wait for all; those that are held are not taken again."""
    both = [PLACE, Place(("databricks", "other", "ünï/ö"), "other.ünï/ö")]
    first, second = (elsewhere(tmp_path, name, None) for name in ("first", "second"))
    first.take(both[1:], 0)
    with pytest.raises(BusyError, match=r"other\.ünï/ö is held"):
        second.take(both, 0)
    first.take(both[1:], 0)
    first.release()
    second.take(both, 0)
    second.release()
    assert all(path.name.isascii() for path in tmp_path.rglob("*"))


def test_store_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no lease can be kept, nothing is written."""
    (tmp_path / "locks").write_text("a file")
    with pytest.raises(SettingsError, match=r"artifacts: the lease of .* cannot be"):
        elsewhere(tmp_path, "first", None).take([PLACE], 0)


def test_store_that_vanishes(tmp_path: Path) -> None:
    """An owner that cannot show itself says so, and knows when the place is not its own."""
    told: list[str] = []
    first = elsewhere(tmp_path, "first", None, told)
    first.take([PLACE], 0)
    shutil.rmtree(tmp_path / "locks")
    (tmp_path / "locks").write_text("a file")
    deadline = time.monotonic() + 30
    while first.lost is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "lock.not_renewed" in told
    assert str(first.lost).startswith("main.analytics is not held any more: no sign of life")
    first.release()
    assert told[-1] == "lock.not_released"


def claims(project: Project) -> list[Path]:
    """Files of leases."""
    return [path for path in (project.artifacts / "locks").rglob("*") if path.is_file()]


def attempt_of(running: Running) -> str:
    """The attempt of a run that has begun."""
    first = json.loads(running.stdout.read_text(encoding="utf-8").splitlines()[0])
    return str(first["attempt"])


def test_second_run(project: Project) -> None:
    """Of two runs the second is turned away with the owner's name, before it touches anything."""
    project.model("orders", SLOW.format(rows=3_000_000_000))
    first = project.fork("--run-type=full", "--job-id=7", "--job-run-id=8")
    first.wait_for("node.started")
    second = project.run("--run-type=full", "--target-schema=other")
    assert second.code == 6
    assert second.summary["status"] == "error"
    error = second.summary["error"]
    assert error.startswith(f"{project.file} is held by another run: attempt {attempt_of(first)} ")
    assert f"(process {first.process.pid})" in error
    assert second.events("node.started") == []
    first.send(signal.SIGTERM)
    assert first.finish().code == 143
    assert claims(project) == []


def test_wait_for_lock(project: Project) -> None:
    """A run that may wait says once for whom, and then does its work."""
    project.model("orders", SLOW.format(rows="{{ var('rows') }}"))
    first = project.fork("--run-type=full", '--vars={"rows": 90000000000}')
    first.wait_for("node.started")
    second = project.fork("--run-type=full", "--wait-for-lock=600", '--vars={"rows": 10}')
    second.wait_for("lock.waiting")
    first.send(signal.SIGTERM)
    assert first.finish().code == 143
    result = second.finish()
    assert result.code == 0
    [waiting] = result.events("lock.waiting")
    assert waiting["place"] == str(project.file)
    assert attempt_of(first) in waiting["owner"]
    assert [taken["place"] for taken in result.events("lock.taken")] == [str(project.file)]
    assert claims(project) == []


def test_wait_that_is_too_short(project: Project, drivers: list[Driver]) -> None:
    """After so many seconds the run gives up."""
    project.model("orders")
    drivers.append(Driver(project.artifacts, "hold", "x", 60, project.file))
    assert drivers[0].line() == "held"
    result = project.run("--run-type=full", "--wait-for-lock=2")
    assert result.code == 6
    error = result.summary["error"]
    assert re.search(r" is after \d+ s still held by another run: attempt x on ", error)
    assert result.summary["elapsed_s"] > 2


@pytest.mark.parametrize(
    ("end", "code"), [("TERM", 143), pytest.param("timeout", 124, marks=pytest.mark.slow)]
)
def test_wait_is_cancelled(project: Project, drivers: list[Driver], end: str, code: int) -> None:
    """A signal or the time limit ends the waiting; the other's lease stays."""
    project.model("orders")
    drivers.append(Driver(project.artifacts, "hold", "x", 60, project.file))
    assert drivers[0].line() == "held"
    limit = ["--timeout=15"] if end == "timeout" else []
    running = project.fork("--run-type=full", "--wait-for-lock=600", *limit)
    running.wait_for("lock.waiting")
    if end == "TERM":
        running.send(signal.SIGTERM)
    result = running.finish()
    assert result.code == code
    assert {path.name.split("-")[1][0] for path in claims(project)} == {"x"}
    assert drivers[0].end() == "released"


def test_commands_that_write_nothing(project: Project, drivers: list[Driver]) -> None:
    """What only reads goes on while another run holds the place; what writes does not."""
    project.model("orders").write(
        "models/orders.yml",
        "models: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}]",
    )
    project.write("macros/note.sql", "{% macro note() %}{{ run_query('select 1') }}{% endmacro %}")
    project.write("runner.yml", "run_types: {note: {commands: [run-operation note]}}")
    assert project.run("--run-type=full").code == 0
    drivers.append(Driver(project.artifacts, "hold", "x", 60, project.file))
    assert drivers[0].line() == "held"
    for run_type, code in {"compile": 0, "docs": 0, "test": 0, "note": 6, "incremental": 6}.items():
        assert project.run(f"--run-type={run_type}").code == code, run_type


def test_killed_owner(project: Project) -> None:
    """After kill -9 the next run on the same machine need not wait, and clears what is left."""
    project.model("orders", SLOW.format(rows="{{ var('rows') }}"))
    first = project.start("--run-type=full", '--vars={"rows": 90000000000}')
    first.wait_for("node.started")
    first.send(signal.SIGKILL)
    first.finish()
    assert len(claims(project)) >= 2
    result = project.run("--run-type=full", '--vars={"rows": 10}')
    assert result.code == 0
    assert result.events("lock.waiting") == []
    assert claims(project) == []


@pytest.mark.slow
def test_lost_lease(project: Project) -> None:
    """A run whose claim is taken away is cancelled, and says why."""
    project.model("orders", SLOW.format(rows=90_000_000_000))
    running = project.fork("--run-type=full")
    running.wait_for("node.started")
    for path in claims(project):
        path.unlink()
    result = running.finish()
    assert result.code == 6
    assert result.summary["status"] == "cancelled"
    assert result.summary["error"] == (
        f"cancelled by a lost lease: {project.file} is not held any more: its claim was taken away"
    )
    assert result.nodes == {"cancelled": 1}
    assert result.is_complete()


def test_wait_for_the_database_file(project: Project) -> None:
    """A file that a process of another kind holds is waited for as well."""
    project.model("orders")
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)):
        running = project.fork("--run-type=full", "--wait-for-lock=60")
        running.wait_for("lock.waiting")
    result = running.finish()
    assert result.code == 0
    assert "is in use by another process" in result.events("lock.waiting")[0]["reason"]


@pytest.mark.slow
def test_twenty_runs_that_wait(project: Project) -> None:
    """Twenty runs at once on one schema come one after the other, and all of them to it."""
    project.model("orders")
    runs = [project.fork("--run-type=full", "--wait-for-lock=600") for _ in range(20)]
    ends = [run.finish() for run in runs]
    assert Counter(end.code for end in ends) == {0: 20}
    spans = sorted(
        (end.events("node.started")[0]["timestamp"], end.events("node.finished")[0]["timestamp"])
        for end in ends
    )
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert claims(project) == []


@pytest.mark.slow
def test_twenty_runs_that_do_not_wait(project: Project) -> None:
    """Of twenty runs at once one works; nineteen are turned away long before it is done."""
    project.model("orders", SLOW.format(rows=90_000_000_000))
    runs = [project.fork("--run-type=full", f"--target-schema=s{n % 2}") for n in range(20)]
    deadline = time.monotonic() + 60
    while sum(run.is_alive() for run in runs) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    [owner] = [run for run in runs if run.is_alive()]
    owner.wait_for("node.started")
    owner.send(signal.SIGTERM)
    ends = [run.finish() for run in runs]
    assert Counter(end.code for end in ends) == {6: 19, 143: 1}
    told = [end.summary["error"] for end in ends if end.code == 6]
    assert all("is held by another run: attempt " in error for error in told)
    assert claims(project) == []
