"""Atomic jobs, started by themselves with parameters of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobs.bench import result
from jobs.tree import tree

if TYPE_CHECKING:
    from jobs.bench import Bench


@pytest.mark.parametrize("run_type", ["seed", "land_day", "freshness", "full"])
def test_run_type_as_sent(bench: Bench, jobs: dict[str, int], run_type: str) -> None:
    """The main job does what run type it is sent, in the schema that it is sent."""
    parameters = {"run_type": run_type, "target_schema": f"sent_{run_type}"}
    run = bench.once(jobs["dbt_build_job"], job_parameters=parameters)
    leaf = tree(bench, run)["build"]
    assert result(run) == "SUCCESS", leaf.output
    assert leaf.summary["run_type"] == run_type
    assert leaf.summary["target_schema"] == f"sent_{run_type}"


def test_select_and_vars(bench: Bench, jobs: dict[str, int]) -> None:
    """A selection with spaces and a variable arrive whole."""
    parameters = {
        "run_type": "run",
        "target_schema": "chosen",
        "select": "+dim_nations stg_tpch__orders",
        "exclude": "stg_tpch__orders",
        "vars": '{"late_window_days": 3}',
    }
    run = bench.once(jobs["dbt_build_job"], job_parameters=parameters)
    assert result(run) == "SUCCESS"
    assert bench.rows(
        "select table_name from information_schema.tables where table_schema = 'chosen'"
    ) == [("dim_nations",)]


def test_ids(bench: Bench, jobs: dict[str, int]) -> None:
    """A run knows its job, job run, task run, and which attempt it is; none is left literal."""
    run = bench.once(jobs["dbt_build_job"], job_parameters={"run_type": "compile"})
    leaf = tree(bench, run)["build"]
    assert leaf.task.resolved_values is not None
    assert leaf.task.resolved_values.python_wheel_task is not None
    given = leaf.task.resolved_values.python_wheel_task.named_parameters
    assert given is not None
    assert given["job_id"] == str(jobs["dbt_build_job"])
    assert given["job_run_id"] == str(run.run_id)
    assert given["task_run_id"] == str(leaf.task.run_id)
    assert (given["task_key"], given["repair_count"]) == ("build", "0")
    assert given["execution_count"] == "1"
    assert given["catalog"] == given["artifacts"] == ""
    assert not [text for text in given.values() if "{" in text.replace("{}", "")]


def test_failure_is_named(bench: Bench, jobs: dict[str, int]) -> None:
    """The last line of a failed task's exception says what is wrong, without a look at its log."""
    run = bench.once(jobs["dbt_build_job"], job_parameters={"select": "dim_nations fct_order"})
    leaf = tree(bench, run)["build"]
    assert result(run) == "FAILED"
    assert "fct_order" in leaf.output["error"]
    assert leaf.output["error_trace"].startswith("Traceback")
    assert leaf.summary["exit_code"] != 0
