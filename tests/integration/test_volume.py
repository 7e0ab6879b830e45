"""Runs whose artifacts lie on a volume (see `tests/volume.py` for what that proves)."""

from __future__ import annotations

import math
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import volume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Finished, Project, Running

pytestmark = pytest.mark.slow

SLOW = "select count(*) as n from range(3000000000) as t(i) where hash(i) > 1"
SOURCES = """
sources:
  - name: raw
    schema: main
    tables:
      - name: orders
        config: {loaded_at_query: "select now()", freshness: {error_after: {count: 1, period: day}}}
"""


@pytest.fixture(autouse=True)
def _profile(project: Project) -> Iterator[None]:
    """DuckDB's file lies elsewhere: it is written at random."""
    (project.root / "profiles").mkdir()
    output = f"{{type: duckdb, path: {project.root / 'shop.duckdb'}, schema: analytics}}"
    text = f"shop: {{target: dev, outputs: {{dev: {output}}}}}\n"
    (project.root / "profiles" / "profiles.yml").write_text(text, encoding="utf-8")
    yield
    assert Path(f"{project.artifacts}-unclosed").is_dir(), "no run saw the volume"


def fork(
    project: Project, *arguments: str, latency: float = 0.0, size: float = math.inf
) -> Running:
    """Start a run whose artifacts lie on a volume."""
    return project.fork(
        f"--profiles-dir={project.root / 'profiles'}",
        *arguments,
        env={
            volume.VARIABLE: str(project.artifacts),
            volume.LATENCY: str(latency),
            volume.SIZE: str(size),
        },
    )


def run(project: Project, *arguments: str) -> Finished:
    """A run to its end."""
    return fork(project, *arguments).finish()


def runs(project: Project) -> list[Path]:
    """The folders of all attempts, the oldest first."""
    return sorted(project.artifacts.glob("*/*/*/*/runs/*"))


def tables(project: Project) -> list[str]:
    """What the database holds."""
    return project.tables(project.root / "shop.duckdb")


def test_full_run(project: Project) -> None:
    """A run leaves all that it leaves elsewhere, and asks nothing of a volume that it refuses."""
    project.model("orders").model("items", "select * from {{ ref('orders') }}")
    result = run(project, "--run-type=full")
    assert result.code == 0, result.stdout
    assert result.is_complete()
    for name in ("run.json", "plan.json", "commands/01-build/manifest.json"):
        assert result.artifact(name)
    assert len(result.artifact("commands/01-build/run_results.json")["results"]) == 2
    assert (result.artifacts / "dbt.log").is_file()
    compiled = result.artifacts / "commands/01-build/compiled/shop/models/items.sql"
    assert "analytics" in compiled.read_text()
    assert run(project, "--run-type=incremental").code == 0
    assert volume.refused(project.artifacts) == []


def test_state_is_found_on_a_volume(project: Project) -> None:
    """A run compares with the complete run before it, and never with one that is not complete."""
    project.write(
        "runner.yml", "production: {target: dev, catalog: shop, schema: analytics}\n"
    ).model("orders")
    first = run(project, "--run-type=full")
    assert run(project, "--run-type=ci").summary["nodes"]["total"] == 0
    second = run(project, "--run-type=full")
    (second.artifacts / "commands/01-build/manifest.json").unlink()
    assert run(project, "--run-type=ci").summary["nodes"]["total"] == 0
    shutil.rmtree(first.artifacts)
    assert "has no complete run" in run(project, "--run-type=ci").stderr


def test_failed_run(project: Project) -> None:
    """Artifacts of a run that failed are all there, and the failure stays the result."""
    project.model("orders", "select 1/'a' as id").model("items")
    result = run(project, "--run-type=full")
    assert result.code == 1
    assert result.is_complete()
    assert result.nodes == {"success": 1, "error": 1}
    assert volume.refused(project.artifacts) == []


def test_cancelled_run(project: Project) -> None:
    """A run that is cancelled leaves complete artifacts."""
    project.model("orders").model("slow", SLOW + " -- {{ ref('orders') }}")
    running = fork(project, "--run-type=full")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    running.send(signal.SIGTERM)
    result = running.finish()
    assert result.code == 143
    assert result.is_complete()
    assert result.nodes == {"success": 1, "cancelled": 1}
    assert volume.refused(project.artifacts) == []


def test_killed_run(project: Project) -> None:
    """Of a run that is killed what was done stays, and a later attempt does the rest."""
    factor = project.root / "factor.csv"
    factor.write_text("n\n1\n")
    project.model("orders").model(
        "slow",
        f"select count(*) as n from read_csv('{factor}', columns={{'n': 'bigint'}}) as factor, "
        "range(3000000000) as t(i) where hash(i) > factor.n -- {{ ref('orders') }}",
    )
    running = fork(project, "--run-type=full", "--resume-key=nightly")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    time.sleep(2)
    running.send(signal.SIGKILL)
    assert running.finish().code == -9
    [dead] = runs(project)
    assert not (dead / "complete").exists()
    assert not (dead / "summary.json").exists()
    factor.write_text("n\n")
    result = run(project, "--run-type=full", "--resume-key=nightly")
    assert result.is_complete()
    assert result.summary["resumed_from"] == dead.name.rpartition("-")[2]
    assert result.summary["carried"] == 1
    assert result.nodes == {"success": 2}
    assert volume.refused(project.artifacts) == []


def test_killed_during_publication(project: Project) -> None:
    """Files that were not closed are not there, the attempt is no state, and the next run works."""
    project.write(
        "runner.yml", "production: {target: dev, catalog: shop, schema: analytics}\n"
    ).model("orders")
    running = fork(project, "--run-type=full", latency=0.4)
    running.wait_for("node.finished", 60)
    [dead] = runs(project)
    while not (dead / "commands" / "01-build").is_dir():
        time.sleep(0.01)
    time.sleep(0.3)
    running.send(signal.SIGKILL)
    assert running.finish().code == -9
    assert not (dead / "complete").exists()
    assert all(file.stat().st_size for file in dead.rglob("*") if file.is_file())
    assert "has no complete run" in run(project, "--run-type=ci").stderr
    assert run(project, "--run-type=full").is_complete()


def test_first_command_is_stored_before_the_second(project: Project) -> None:
    """A kill during the second command loses nothing of the first one."""
    project.write("models/sources.yml", SOURCES)
    project.model("slow", SLOW + " -- {{ source('raw', 'orders') }}")
    running = fork(project, "--run-type=fresh")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    running.send(signal.SIGKILL)
    running.finish()
    [dead] = runs(project)
    assert (dead / "commands/01-source-freshness/sources.json").is_file()
    assert not (dead / "commands/02-build").exists()


def test_volume_that_goes_away(project: Project) -> None:
    """Artifacts that cannot be stored stay on the machine; the data's result is still told."""
    project.model("slow", "select count(*) as n from range(300000000) as t(i) where hash(i) > 1")
    running = fork(project, "--run-type=full")
    running.wait_for("node.started")
    shutil.rmtree(project.artifacts / "shop")
    result = running.finish()
    assert result.code == 4
    assert result.nodes == {"success": 1}
    assert tables(project) == ["analytics.slow"]
    [kept] = project.tmp.glob("dbt-runner-*")
    assert str(kept) in result.summary["message"]
    assert "1 of 1 nodes done" in result.summary["message"]
    assert sorted(entry.name for entry in kept.iterdir()) == ["commands", "logs", "summary.json"]
    assert (kept / "commands/01-build/run_results.json").is_file()


@pytest.mark.parametrize(
    ("sql", "code", "nodes"),
    [("select 1 as id", 4, {"success": 1}), ("select x", 1, {"error": 1})],
    ids=["built", "failed"],
)
def test_full_volume(project: Project, sql: str, code: int, nodes: dict[str, int]) -> None:
    """A volume that gets full costs no data and no artifact; a failure of the data stays first."""
    project.model("orders", sql)
    result = fork(project, "--run-type=full", size=100_000).finish()
    assert result.code == result.summary["exit_code"] == code
    assert result.nodes == nodes
    assert result.summary["artifacts"] is None
    assert "No space left on device" in result.summary["lost"]
    assert "No space left on device" in result.summary["message"]
    [kept] = project.tmp.glob("dbt-runner-*")
    assert str(kept) in result.summary["message"]
    assert (kept / "commands/01-build/manifest.json").is_file()
    [folder] = runs(project)
    assert not (folder / "complete").exists()
    assert not (folder / "commands/01-build/manifest.json").exists()
    if code == 1:
        assert "model.shop.orders (error)" in result.summary["message"]
