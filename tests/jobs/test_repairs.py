"""The server's rules for repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest

from jobs.bench import result, results, task
from jobs.errand_wheel import after, condition, failure

if TYPE_CHECKING:
    from jobs.bench import Bench
    from jobs.errand_wheel import Errands


def test_repair(bench: Bench) -> None:
    """A repair runs what failed again, by the job's settings of today, and keeps what is green."""
    tasks = [
        condition("green"),
        failure("red"),
        condition("below", depends_on=after("red")),
    ]
    job = bench.create({"tasks": tasks})
    first = bench.once(job)
    assert results(first) == {"green": "SUCCESS", "red": "FAILED", "below": "UPSTREAM_FAILED"}
    assert first.run_id is not None
    tasks[1] = condition("red")
    tasks[1]["condition_task"]["left"] = "{{job.repair_count}}{{task.execution_count}}"
    body = {"job_id": job, "new_settings": {"tasks": tasks}}
    bench.client.api_client.do("POST", "/api/2.2/jobs/reset", body=body)
    bench.client.jobs.repair_run(first.run_id, rerun_all_failed_tasks=True)
    again = bench.wait(first.run_id)
    assert result(again) == "SUCCESS"
    keys = [each.task_key for each in again.tasks or ()]
    assert keys == ["green", "red", "below", "red", "below"]
    found = task(again, "red")
    assert found.condition_task
    assert found.condition_task.left == "12", "the first repair, the second execution"
    history = again.repair_history or []
    assert [each.type.value for each in history if each.type] == ["ORIGINAL", "REPAIR"]
    assert history[1].task_run_ids == [each.run_id for each in (again.tasks or [])[3:]]


def test_second_repair(bench: Bench) -> None:
    """From the second repair on the last one has to be named, so that nobody repairs twice."""
    run = bench.once(bench.create({"tasks": [failure("red")]})).run_id
    assert run is not None
    bench.client.jobs.repair_run(run, rerun_tasks=["red"])
    first = (bench.wait(run).repair_history or [])[-1].id
    with pytest.raises(BadRequest, match="latest_repair_id must be"):
        bench.client.jobs.repair_run(run, rerun_tasks=["red"])
    bench.client.jobs.repair_run(run, rerun_tasks=["red"], latest_repair_id=first)
    assert len(bench.wait(run).repair_history or []) == 3


@pytest.mark.parametrize(("keeps", "end"), [(True, "FAILED"), (False, "SUCCESS")])
def test_parameters_of_a_repair(bench: Bench, keeps: bool, end: str) -> None:
    """A repair has its run's parameters, or the job's defaults, as the switch says."""
    red = failure("red")
    red["condition_task"]["left"] = "{{job.parameters.left}}"
    job = bench.create({"tasks": [red], "parameters": [{"name": "left", "default": "0"}]})
    run = bench.once(job, job_parameters={"left": "no number"}).run_id
    assert run is not None
    with bench.switched(repair_keeps_parameters=keeps):
        bench.client.jobs.repair_run(run, rerun_all_failed_tasks=True)
        assert result(bench.wait(run)) == end


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "give one of"),
        ({"rerun_tasks": ["red"], "rerun_all_failed_tasks": True}, "give one of"),
        ({"rerun_tasks": ["nobody"]}, "there is no task nobody"),
        ({"rerun_tasks": ["red"], "latest_repair_id": 7}, "latest_repair_id must be None"),
    ],
    ids=["nothing", "both", "unknown", "no repair yet"],
)
def test_repair_that_is_refused(bench: Bench, words: dict[str, Any], message: str) -> None:
    """A repair says in one way what is to run again."""
    run = bench.once(bench.create({"tasks": [failure("red")]})).run_id
    assert run is not None
    with pytest.raises(BadRequest, match=message):
        bench.client.jobs.repair_run(run, **words)


def test_dependent_tasks(bench: Bench) -> None:
    """Green tasks run again when they depend on one that is named, if that is asked for."""
    tasks = [condition("a"), condition("b", depends_on=after("a")), condition("c")]
    run = bench.once(bench.create({"tasks": tasks})).run_id
    assert run is not None
    bench.client.jobs.repair_run(run, rerun_tasks=["a"], rerun_dependent_tasks=True)
    assert sorted(each.task_key for each in bench.wait(run).tasks or ()) == list("aabbc")


def test_active_run_is_not_repaired(bench: Bench, errands: Errands) -> None:
    """A run that goes on cannot be repaired."""
    run = bench.client.jobs.run_now(errands.job(errands.task("sleep"))).run_id
    with pytest.raises(BadRequest, match="not finished"):
        bench.client.jobs.repair_run(run, rerun_all_failed_tasks=True)
    bench.client.jobs.cancel_run(run)
    bench.wait(run)
