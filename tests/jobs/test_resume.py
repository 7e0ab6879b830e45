"""Retries and repairs go on where the attempt before them ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.bench import result, results
from jobs.tree import Leaf, begun, tree

if TYPE_CHECKING:
    from jobs.bench import Bench, Spark

ORDERS = "select count(*) > 10000 from {}.fct_orders"


def block(bench: Bench, schema: str) -> None:
    """Let `fct_orders` fail, by a table in its place that lacks its columns."""
    bench.change(f"create schema {schema}; create table {schema}.fct_orders (nonsense int)")


def test_atomic(bench: Bench, jobs: dict[str, int]) -> None:
    """The task's own retries, and then a repair, execute what is missing."""
    block(bench, "mended")
    sent = {"run_type": "incremental", "target_schema": "mended"}
    run = bench.once(jobs["dbt_build_job"], job_parameters=sent)
    assert result(run) == "FAILED"
    attempts = [Leaf(each, bench.output(each)) for each in run.tasks or ()]
    assert [each.task.attempt_number for each in attempts] == [0, 1, 2]
    first, second, third = attempts
    assert second.summary["resumed_from"] == first.summary["attempt"]
    assert third.summary["resumed_from"] == second.summary["attempt"]
    assert {"stg_tpch__orders", "fct_orders"} <= begun(first)
    assert "fct_orders" in begun(third)
    assert "stg_tpch__orders" not in begun(second) | begun(third)
    assert second.summary["nodes"]["success"] == first.summary["nodes"]["success"] > 10

    bench.change("drop table mended.fct_orders")
    assert run.run_id is not None
    bench.client.jobs.repair_run(run.run_id, rerun_all_failed_tasks=True)
    again = bench.wait(run.run_id)
    assert result(again) == "SUCCESS"
    last = tree(bench, again)["build"]
    assert "fct_orders" in begun(last)
    assert "stg_tpch__orders" not in begun(last)
    nodes = last.summary["nodes"]
    assert nodes["success"] + nodes["pass"] == nodes["total"] > 100
    assert bench.rows(ORDERS.format("mended")) == [(True,)]


def test_composite(bench: Bench, jobs: dict[str, int], spark: Spark) -> None:
    """A composite that was started by itself links the runs that its repair starts anew."""
    block(bench, "mended_too")
    # for the note: dbt makes the schema where it builds, not where SQL tasks look for it
    spark("create schema if not exists main.mended_too")
    run = bench.once(jobs["dbt_refresh_job"], job_parameters={"target_schema": "mended_too"})
    assert results(run)["build"] == "FAILED"
    before = tree(bench, run)["build/build"]
    bench.change("drop table mended_too.fct_orders")
    assert run.run_id is not None
    bench.client.jobs.repair_run(run.run_id, rerun_all_failed_tasks=True)
    again = bench.wait(run.run_id)
    assert result(again) == "SUCCESS"
    after = tree(bench, again)["build/build"]
    assert after.summary["resumed_from"] == before.summary["attempt"]
    assert "stg_tpch__orders" not in begun(after)
