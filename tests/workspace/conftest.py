"""The real Databricks CLI on the bundle, against the CLI's own test server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workspace.bench import ROOT, Bundle, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = (
    "substitutes no {{…}}: a task is given literal parameters here",
    "passes no job parameter and no --params on to a task",
    "ignores entry_point: it runs `python -m dbt_runner`, not `run` or `shell`",
    "knows no job cluster or serverless Python: the task has a cluster of its own here",
    "calls every task of a run SUCCESS in the end: the run's output tells a failure",
    "executes no run_job, condition, for_each, sql or pipeline task, and no %sh cell",
    "has no update and no repair of jobs",
)
"""What the test server of this CLI cannot do (its `libs/testserver/jobs.go`)."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which CLI this was, and what has to be shown elsewhere."""
    command = [Path(os.environ["BENCH_PROGRAMS"], "databricks"), "version"]
    version = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    terminalreporter.section(version)
    terminalreporter.line("Left to the jobs bench, since the CLI's own test server:")
    for limit in LIMITS:
        terminalreporter.line(f"- {limit}")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One server for all tests; it has to know every request."""
    found = Workspace(
        Path(os.environ["BENCH_PROGRAMS"]),
        Path(os.environ["BENCH_WHEELS"]),
        tmp_path_factory.mktemp("workspace"),
    )
    yield found
    assert found.stop() == ""


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make build` makes of this checkout."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    command = [sys.executable, str(ROOT / "release.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def bundle(
    workspace: Workspace, dist: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Bundle:
    """A copy of the bundle, built, in an empty workspace."""
    return Bundle(workspace, request.node.name, tmp_path / "bundle", dist)
