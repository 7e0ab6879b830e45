"""The refresh, from its orchestrators down to rows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from databricks.sdk.service.jobs import JobParameterDefinition, JobSettings

from jobs.bench import result, results
from jobs.tree import Leaf, begun, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databricks.sdk.service.jobs import Run

    from jobs.bench import Bench, Spark

ORDERS = "select count(*), count(distinct order_key) from {}.fct_orders"


@contextmanager
def narrowed(bench: Bench, job_id: int, select: str) -> Iterator[None]:
    """Another default of a build's `select`, for the sake of time; the wiring stays as it is."""

    def change(default: str) -> None:
        changed = JobSettings(parameters=[JobParameterDefinition("select", default)])
        bench.client.jobs.update(job_id, new_settings=changed)

    change(select)
    try:
        yield
    finally:
        change("")


class Refreshed:
    """A refresh that was started with a schema and an ingest before it."""

    def __init__(self, bench: Bench, jobs: dict[str, int], **parameters: str) -> None:
        # dbt makes it where it builds, and here that is not where SQL tasks look for it
        bench.spark(f"create schema if not exists main.{parameters['target_schema']}")
        job = jobs["master_refresh_orchestrator"]
        self.run: Run = bench.once(job, job_parameters=parameters)
        self.tree: dict[str, Leaf] = tree(bench, self.run)

    def summary(self, path: str) -> tuple[str, str]:
        """Run type and schema that a task of the refresh says it had."""
        found = self.tree[f"refresh/{path}"].summary
        return found["run_type"], found["target_schema"]


@pytest.fixture(scope="module")
def refreshed(running_bench: Bench, jobs: dict[str, int], spark: Spark) -> Refreshed:
    """A refresh of the schema `sales`, with an ingest before it."""
    return Refreshed(running_bench, jobs, target_schema="sales", ingest="true")


def test_rows(bench: Bench, refreshed: Refreshed) -> None:
    """A refresh that is green has built the orders, each once, in the schema that was sent."""
    assert result(refreshed.run) == "SUCCESS"
    [(orders, keys)] = bench.rows(ORDERS.format("sales"))
    assert orders == keys > 10_000
    [(line_items,)] = bench.rows("select count(*) from sales.fct_order_items")
    assert line_items > 4 * orders * 0.9


def test_run_types(refreshed: Refreshed) -> None:
    """Each atomic job gets the run type that the composite above it names, and the one schema."""
    assert refreshed.summary("build/build") == ("incremental", "sales")
    assert refreshed.summary("test/build") == ("test", "sales")
    assert refreshed.summary("docs/docs") == ("docs", "sales")
    tested = refreshed.tree["refresh/test/build"].summary
    assert tested["nodes"]["pass"] > 100
    assert tested["nodes"]["success"] == 0


def test_order(refreshed: Refreshed) -> None:
    """Test and docs start after the build and side by side; the note waits for both."""
    spans = {key: refreshed.tree[f"refresh/{key}"].span for key in ("build", "test", "docs", "log")}
    built = spans["build"][1]
    assert built <= min(spans["test"][0], spans["docs"][0])
    assert spans["test"][0] < spans["docs"][1]
    assert spans["docs"][0] < spans["test"][1]
    assert max(spans["test"][1], spans["docs"][1]) <= spans["log"][0]
    assert refreshed.tree["ingest"].span[1] <= refreshed.tree["refresh"].span[0]
    assert refreshed.tree["refresh/look_at_sources"].result == "EXCLUDED"


def test_ingest_wanted(bench: Bench, refreshed: Refreshed) -> None:
    """With ingest=true the pipeline is updated, as the bundle defines it, before the refresh."""
    assert results(refreshed.run) == dict.fromkeys(
        ("ingest_wanted", "ingest", "refresh"), "SUCCESS"
    )
    ingest = refreshed.tree["ingest/ingest"].task
    [found] = [
        each for each in bench.control("recorded")["recorded"] if each["run_id"] == ingest.run_id
    ]
    assert found["pipeline"]["configuration"]["landing"].startswith("/Volumes/")
    assert found["parameters"]["full_refresh"] is False


def test_note(bench: Bench, refreshed: Refreshed, spark: Spark) -> None:
    """The note is one row in the schema that was sent, with the id of the refresh's run."""
    composite = bench.child(refreshed.tree["refresh"].task)
    is_new = "refreshed_at > now() - interval 1 hour as is_new"
    rows = spark(f"select refresh_run, {is_new} from main.sales.refresh_log")
    assert rows == [{"refresh_run": str(composite.run_id), "is_new": True}]


def test_resume_key(refreshed: Refreshed) -> None:
    """Every run of dbt below an orchestrator knows the orchestrator's run."""
    keys = {
        refreshed.tree[path].summary["resume_key"].partition("/")[0]
        for path in ("refresh/build/build", "refresh/test/build", "refresh/docs/docs")
    }
    assert keys == {str(refreshed.run.run_id)}


def test_failure_and_repair(bench: Bench, jobs: dict[str, int], spark: Spark) -> None:
    """A failed build makes the run red and the sources be looked at; repaired, it goes through."""
    bench.change("create schema broken; create table broken.fct_orders (nonsense int)")
    failed = Refreshed(bench, jobs, target_schema="broken")
    assert result(failed.run) == "FAILED"
    assert results(failed.run) == {
        "ingest_wanted": "SUCCESS",
        "ingest": "EXCLUDED",
        "refresh": "FAILED",
    }
    assert {path: leaf.result for path, leaf in failed.tree.items() if path.count("/") == 1} == {
        "refresh/build": "FAILED",
        "refresh/test": "UPSTREAM_FAILED",
        "refresh/docs": "UPSTREAM_FAILED",
        "refresh/log": "UPSTREAM_FAILED",
        "refresh/look_at_sources": "SUCCESS",
    }
    build = failed.tree["refresh/build/build"]
    assert "model.tpch.fct_orders (error)" in build.output["error"]
    assert failed.summary("look_at_sources/freshness") == ("freshness", "broken")
    assert spark("show tables in main.broken") == []

    bench.change("drop table broken.fct_orders")
    assert failed.run.run_id is not None
    bench.client.jobs.repair_run(failed.run.run_id, rerun_all_failed_tasks=True)
    run = bench.wait(failed.run.run_id)
    assert result(run) == "SUCCESS"
    again = tree(bench, run)["refresh/build/build"]
    assert again.task.run_id != build.task.run_id
    # the child run is a new one, so only the resume key links the two
    assert again.summary["resumed_from"] == build.summary["attempt"]
    assert again.summary["carried"] > 50
    assert not {"stg_tpch__orders", "dim_nations"} & begun(again)
    assert "fct_orders" in begun(again)
    assert again.summary["resume_key"] == build.summary["resume_key"]
    assert again.summary["resume_key"].startswith(f"{run.run_id}/")
    [(orders, keys)] = bench.rows(ORDERS.format("broken"))
    assert orders == keys > 10_000
    assert spark("select count(*) as notes from main.broken.refresh_log") == [{"notes": 1}]


@pytest.mark.parametrize(
    "name", ["master_refresh_on_arrival_orchestrator", "master_refresh_continuous_orchestrator"]
)
def test_other_starters(
    bench: Bench, jobs: dict[str, int], refreshed: Refreshed, name: str
) -> None:
    """The refreshes by file arrival and without a pause build, test and note as that one does."""
    nations = "select * from sales.dim_nations order by nation_key"
    before = bench.rows(nations)
    bench.change("drop table sales.dim_nations")
    with narrowed(bench, jobs["dbt_build_job"], "dim_nations"):
        run = bench.once(jobs[name], job_parameters={"target_schema": "sales"})
    found = tree(bench, run)
    assert result(run) == "SUCCESS", {path: leaf.result for path, leaf in found.items()}
    assert found["refresh/log/log"].result == "SUCCESS"
    assert found["refresh/build/build"].summary["resume_key"].startswith(f"{run.run_id}/")
    assert bench.rows(nations) == before


def test_failed_ingest(bench: Bench, jobs: dict[str, int]) -> None:
    """After an ingest that failed nothing is built, and the run is red."""
    bench.control("record", job_id=jobs["ingest_pipeline_job"], off=True)
    try:
        run = bench.once(
            jobs["master_refresh_orchestrator"],
            job_parameters={"target_schema": "unbuilt", "ingest": "true"},
        )
    finally:
        bench.control("record", job_id=jobs["ingest_pipeline_job"])
    assert result(run) == "FAILED"
    assert results(run)["refresh"] == "UPSTREAM_FAILED"
    assert bench.rows("select * from information_schema.schemata where schema_name='unbuilt'") == []
