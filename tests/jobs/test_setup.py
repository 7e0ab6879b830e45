"""Setup, and the smoke test of every way to run dbt."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from jobs.bench import result, results
from jobs.tree import Leaf, tree

if TYPE_CHECKING:
    from jobs.bench import Bench, Spark

WAYS = {
    "wheel/build": "a wheel task",
    "script/script": "a shell script",
    "notebook/notebook": "a notebook",
    "classic/build": "a wheel task on a cluster",
}


@pytest.fixture(scope="module")
def made(running_bench: Bench, jobs: dict[str, int], spark: Spark) -> dict[str, Leaf]:
    """The setup of the bundle's schema, `fresh`, with the cluster in its smoke test."""
    parameters = {"classic": "true"}
    run = running_bench.once(jobs["master_setup_orchestrator"], job_parameters=parameters)
    found = tree(running_bench, run)
    assert result(run) == "SUCCESS", {path: leaf.result for path, leaf in found.items()}
    return found


def test_seeds(bench: Bench, made: dict[str, Leaf]) -> None:
    """The setup loads the seeds into the schema, and builds nothing else."""
    summary = made["setup/seed/build"].summary
    assert (summary["run_type"], summary["target_schema"]) == ("seed", "fresh")
    tables = bench.rows(
        "select table_name from information_schema.tables where table_schema = 'fresh'"
    )
    assert len(tables) == summary["nodes"]["total"] == 1
    [(table,)] = tables
    [(count,)] = bench.rows(f"select count(*) from fresh.{table}")
    assert count > 0


def test_schema(bench: Bench, made: dict[str, Leaf], spark: Spark) -> None:
    """The bundle's SQL makes the schema, then its volumes, then grants, before anything else."""
    assert {"namespace": "fresh"} in spark("show schemas in main")
    assert bench.refused(made["setup/schema/setup"].task) == [
        "CREATE VOLUME IF NOT EXISTS `main`.`fresh`.`dbt_runner`",
        "CREATE VOLUME IF NOT EXISTS `main`.`fresh`.`landing`",
        "GRANT USE SCHEMA, SELECT ON SCHEMA `main`.`fresh` TO `tester@example.com`",
    ]
    assert made["setup/schema"].span[1] <= made["setup/seed"].span[0]


@pytest.mark.parametrize("path", WAYS, ids=lambda path: path.partition("/")[0])
def test_every_way_compiles(made: dict[str, Leaf], path: str) -> None:
    """Each way to run dbt gets the run type and the schema that the smoke test sends."""
    summary = made[f"smoke/{path}"].summary
    assert (summary["run_type"], summary["target_schema"]) == ("compile", "fresh")
    assert summary["status"] == "success"
    assert summary["nodes"]["success"] > 10


def test_ways_one_after_the_other(made: dict[str, Leaf]) -> None:
    """The smoke test tries one way at a time."""
    spans = [made[f"smoke/{path.partition('/')[0]}"].span for path in WAYS]
    assert spans == sorted(spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_docs_on_a_cluster(made: dict[str, Leaf]) -> None:
    """The second task of the cluster's job has a run type of its own, in a list."""
    summary = made["smoke/classic/docs"].summary
    assert (summary["run_type"], summary["target_schema"]) == ("docs", "fresh")


def test_composite_by_itself(bench: Bench, jobs: dict[str, int]) -> None:
    """A schema that is sent to a composite job reaches the wheel, with the composite's run type."""
    sent = {"target_schema": "by_itself"}
    run = bench.once(jobs["dbt_smoke_job"], job_parameters=sent, only=["wheel"])
    summary = tree(bench, run)["wheel/build"].summary
    assert (summary["run_type"], summary["target_schema"]) == ("compile", "by_itself")
    assert summary["status"] == "success"


def test_no_cluster_unless_wanted(bench: Bench, jobs: dict[str, int]) -> None:
    """Without classic=true the smoke test leaves the cluster out, and is green."""
    run = bench.once(jobs["dbt_smoke_job"], only=["classic_wanted", "classic"])
    assert result(run) == "SUCCESS"
    assert results(run) == {"classic_wanted": "SUCCESS", "classic": "EXCLUDED"}
