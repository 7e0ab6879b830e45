"""The bundle's jobs on the bench's own Jobs API, with real dbt on DuckDB below them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.bench import Bench, Spark
from jobs.bundle import ON_DUCKDB, ON_SPARK, Bundle, deploy
from jobs.errand_wheel import Errands, pack
from jobs.server import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LIMITS = (
    "its Jobs API is our reading of the documentation: no evidence about Databricks",
    "sql tasks run on Apache Spark with Delta Lake, which is not Databricks SQL",
    f"not run, since Spark refuses it, but spelled out and compared: {', '.join(refused.NAMES)}",
    "what tests/warehouse/front/overlay.py takes without doing it passes in sql tasks too",
    "dbt builds in DuckDB, sql tasks in Spark: neither sees what the other made",
    "pipeline tasks are not run: what they would be given is recorded and compared",
    "tasks run one at a time, since DuckDB lets one process write; their order is what is tested",
    "one Python environment stands for serverless compute and clusters, whatever their versions",
    "no task values: a wheel task here has no dbutils",
    "schedules, file triggers and continuous jobs start nothing; notifications are not sent",
    "permissions, run_as and the workspace's own login are not there",
    "assumed as it suits us, not documented: SIGTERM comes 30 seconds before SIGKILL",
    "assumed as it suits us, not documented: all statements of a SQL file are one session's",
    "assumed as it suits us, not documented: a repair keeps parameters, python_named_params merge",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What this bench does not show."""
    terminalreporter.section("the jobs bench does not prove")
    for limit in LIMITS:
        terminalreporter.line(f"- {limit}")


@pytest.fixture(scope="session")
def running_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server for all tests; it has nothing to complain of."""
    folder = tmp_path_factory.mktemp("jobs") / "bench"
    found = Bench(folder, Path(os.environ["BENCH_WHEELS"]), os.environ["UV"])
    try:
        yield found
    finally:
        found.stop()
    assert found.complaints() == ""


@pytest.fixture
def bench(running_bench: Bench) -> Bench:
    """The server, without faults."""
    running_bench.control("reset")
    return running_bench


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make build` makes of this checkout."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    command = [sys.executable, str(ROOT / "release.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def jobs(running_bench: Bench, dist: Path) -> dict[str, int]:
    """The bundle's jobs in the workspace: name → id; the pipeline is recorded."""
    bundle = Bundle(ROOT, "staging", {**ON_DUCKDB, "schema": "fresh"}, dist, ON_SPARK)
    return deploy(running_bench, bundle)


@pytest.fixture(scope="session")
def spark(running_bench: Bench) -> Spark:
    """Asks the Spark that SQL tasks are run on, which is started by whoever needs it first."""
    if not {"BENCH_WAREHOUSE", "BENCH_JARS"} <= os.environ.keys():
        pytest.skip("no Spark: make test-jobs prepares it")
    return running_bench.spark


@pytest.fixture(scope="session")
def errand_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of small entry points."""
    return pack(tmp_path_factory.mktemp("errands"))


@pytest.fixture
def errands(bench: Bench, errand_wheel: Path) -> Errands:
    """Jobs of small entry points."""
    return Errands(bench, errand_wheel)
