"""The Jobs API of the bench in a process of its own, with the real SDK as its client."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import Run, RunTask

from jobs.server.states import DONE

TESTS = Path(__file__).parents[1]
Spark = Callable[[str], list[dict[str, Any]]]
"""Asks the Spark of SQL tasks for rows."""
_KEPT = ("PATH", "HOME", "JAVA_HOME", "BENCH_JARS", "BENCH_WAREHOUSE")


class Bench:
    """A workspace on loopback.

    Args:
        folder: for everything that it writes.
        wheels: folder with a wheel of everything that ours needs.
        uv: the program.

    Attributes:
        host, token: how a client gets in.
        client: the real SDK.
    """

    def __init__(self, folder: Path, wheels: Path, uv: str) -> None:
        self.folder = folder
        self.token = f"bench-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        with (folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jobs.server", str(folder), str(wheels)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env={
                    **{name: os.environ[name] for name in _KEPT if name in os.environ},
                    "LANG": "C.UTF-8",
                    "PYTHONPATH": str(TESTS),
                    "BENCH_TOKEN": self.token,
                    "UV": uv,
                },
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.complaints()
        self.host = f"http://127.0.0.1:{json.loads(line)['port']}"
        self.client = WorkspaceClient(host=self.host, token=self.token, auth_type="pat")

    def complaints(self) -> str:
        """What the server said on standard error."""
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def stop(self) -> None:
        """End it and all that it started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask the bench itself (`jobs.server.control`); without a body it is only asked."""
        request = urllib.request.Request(  # noqa: S310 - on loopback
            f"{self.host}/_bench/{path}",
            data=json.dumps(body).encode() if body or path == "reset" else None,
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                found: dict[str, Any] = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            msg = f"{path}: {error.read().decode()}"
            raise AssertionError(msg) from None
        return found

    @contextmanager
    def switched(self, **values: Any) -> Iterator[None]:
        """Other readings or clocks (`jobs.server.switches`) for a while."""
        before = self.control("switches")["switches"]
        self.control("switches", **values)
        try:
            yield
        finally:
            self.control("switches", **before)

    def create(self, settings: dict[str, Any]) -> int:
        """Make a job of raw settings, so that the server sees every field."""
        answer: Any = self.client.api_client.do("POST", "/api/2.2/jobs/create", body=settings)
        return int(answer["job_id"])

    def wait(self, run_id: int, seconds: float = 240) -> Run:
        """Wait for the end of a run; the run with its history and resolved values."""
        deadline = time.monotonic() + seconds
        pause = 0.02
        while not is_done(found := self.run(run_id)):
            assert time.monotonic() < deadline, found.as_dict()
            time.sleep(pause)
            pause = min(0.3, pause * 1.5)
        return found

    def run(self, run_id: int) -> Run:
        """A run as it is now."""
        return self.client.jobs.get_run(run_id, include_history=True, include_resolved_values=True)

    def once(self, job_id: int, **words: Any) -> Run:
        """Start a job, and wait for its end."""
        return self.wait(self.client.jobs.run_now(job_id, **words).run_id)

    def output(self, task: RunTask) -> dict[str, Any]:
        """What a task run left, as JSON."""
        assert task.run_id is not None
        return self.client.jobs.get_run_output(task.run_id).as_dict()

    def child(self, task: RunTask) -> Run:
        """The run that a Run Job task started."""
        return self.run(self.output(task)["run_job_output"]["run_id"])

    @property
    def database(self) -> Path:
        """The DuckDB file in which all tasks build."""
        return self.folder / "work/.dbt-runner/local.duckdb"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with duckdb.connect(str(self.database), read_only=True) as database:
            return database.execute(sql).fetchall()

    def spark(self, sql: str) -> list[dict[str, Any]]:
        """Ask the Spark that SQL tasks are run on; it has tables of its own."""
        found: list[dict[str, Any]] = self.control("sql", sql=sql)["rows"]
        return found

    def refused(self, task: RunTask) -> list[str]:
        """The statements of a SQL task that Spark refuses, as they were meant."""
        recorded = self.control("recorded")["recorded"]
        return [each["statement"] for each in recorded if each["run_id"] == task.run_id]

    def change(self, sql: str) -> None:
        """Write into the database, while no task goes on."""
        self.database.parent.mkdir(exist_ok=True)
        with duckdb.connect(str(self.database)) as database:
            database.execute(sql)


def is_done(run: Run) -> bool:
    """Whether a run has ended."""
    assert run.state is not None
    assert run.state.life_cycle_state is not None
    return run.state.life_cycle_state.value in DONE


def task(run: Run, key: str) -> RunTask:
    """The last attempt at a task of a run."""
    return [each for each in run.tasks or () if each.task_key == key][-1]


def results(run: Run) -> dict[str, str]:
    """Result of the last attempt at each task."""
    return {each.task_key: result(each) for each in run.tasks or ()}


def result(each: Run | RunTask) -> str:
    """Result state."""
    assert each.state is not None
    return each.state.result_state.value if each.state.result_state else ""
