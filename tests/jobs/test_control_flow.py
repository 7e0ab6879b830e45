"""The server's rules for dependencies, conditions, loops and child jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InvalidParameterValue

from jobs.bench import result, results, task
from jobs.errand_wheel import after, condition, failure
from jobs.server import conditions
from jobs.server.errors import Refusal

if TYPE_CHECKING:
    from jobs.bench import Bench


@pytest.mark.parametrize(
    ("run_if", "both_green", "one_red", "both_red"),
    [
        ("ALL_SUCCESS", "SUCCESS", "UPSTREAM_FAILED", "UPSTREAM_FAILED"),
        ("AT_LEAST_ONE_SUCCESS", "SUCCESS", "SUCCESS", "UPSTREAM_FAILED"),
        ("NONE_FAILED", "SUCCESS", "UPSTREAM_FAILED", "UPSTREAM_FAILED"),
        ("ALL_DONE", "SUCCESS", "SUCCESS", "SUCCESS"),
        ("AT_LEAST_ONE_FAILED", "EXCLUDED", "SUCCESS", "SUCCESS"),
        ("ALL_FAILED", "EXCLUDED", "EXCLUDED", "SUCCESS"),
    ],
)
def test_run_if(bench: Bench, run_if: str, both_green: str, one_red: str, both_red: str) -> None:
    """A task runs, is excluded or is upstream failed, by its condition and what came before."""
    for first, second, end in (
        (condition, condition, both_green),
        (condition, failure, one_red),
        (failure, failure, both_red),
    ):
        last = condition("c", depends_on=after("a", "b"), run_if=run_if)
        run = bench.once(bench.create({"tasks": [first("a"), second("b"), last]}))
        assert results(run)["c"] == end, (first, second)


@pytest.mark.parametrize(
    ("tasks", "end"),
    [
        ([failure("a"), condition("b", depends_on=after("a"))], "FAILED"),
        (
            [failure("a"), condition("b", depends_on=after("a"), run_if="ALL_DONE")],
            "SUCCESS_WITH_FAILURES",
        ),
        ([condition("a"), failure("b")], "FAILED"),
        (
            [condition("a"), failure("b", depends_on=[{"task_key": "a", "outcome": "false"}])],
            "SUCCESS",
        ),
        (
            [
                failure("a"),
                condition("b", depends_on=after("a"), run_if="AT_LEAST_ONE_FAILED"),
                condition("c", depends_on=after("a")),
            ],
            "FAILED",
        ),
    ],
    ids=["upstream failed leaf", "handled", "red leaf", "excluded leaf", "handled beside a leaf"],
)
def test_leaves_decide(bench: Bench, tasks: list[dict[str, Any]], end: str) -> None:
    """A run is what its last tasks are."""
    assert result(bench.once(bench.create({"tasks": tasks}))) == end


def test_all_excluded(bench: Bench) -> None:
    """Where all that came before is excluded, a task is excluded whatever its condition."""
    tasks = [
        condition("a"),
        condition("b", depends_on=[{"task_key": "a", "outcome": "false"}]),
        condition("c", depends_on=after("b"), run_if="ALL_DONE"),
    ]
    assert results(bench.once(bench.create({"tasks": tasks})))["c"] == "EXCLUDED"


@pytest.mark.parametrize(
    ("op", "left", "right", "outcome"),
    [
        ("EQUAL_TO", "12.0", "12", "false"),
        ("NOT_EQUAL", "12.0", "12", "true"),
        ("GREATER_THAN_OR_EQUAL", "12.0", "12", "true"),
        ("GREATER_THAN", "9", "12", "false"),
        ("LESS_THAN", "9", "12", "true"),
        ("LESS_THAN_OR_EQUAL", "9", "8", "false"),
    ],
)
def test_condition(op: str, left: str, right: str, outcome: str) -> None:
    """Equality compares texts, the others compare numbers."""
    assert conditions.outcome({"op": op, "left": left, "right": right}) == outcome
    with pytest.raises(Refusal, match="compares numbers"):
        conditions.outcome({"op": "LESS_THAN", "left": "x", "right": right})


def test_for_each(bench: Bench) -> None:
    """A loop runs its task for each item, and is red when one turn is."""
    inner = {"task_key": "in", "condition_task": {"op": "LESS_THAN", "left": "{{input.n}}"}}
    inner["condition_task"] = {"op": "LESS_THAN", "left": "{{input.n}}", "right": "5"}
    loop = {"inputs": '[{"n": 1}, {"n": "x"}, {"n": 9}]', "concurrency": 2, "task": inner}
    run = bench.once(bench.create({"tasks": [{"task_key": "loop", "for_each_task": loop}]}))
    assert result(run) == "FAILED"
    found = task(run, "loop")
    assert found.run_id is not None
    turns = bench.run(found.run_id).iterations or []
    assert [result(turn) for turn in turns] == ["SUCCESS", "FAILED", "SUCCESS"]
    assert [turn.condition_task.outcome for turn in turns if turn.condition_task] == [
        "true",
        None,
        "false",
    ]
    assert found.for_each_task is not None
    assert found.for_each_task.stats is not None
    assert found.for_each_task.stats.task_run_stats is not None
    assert found.for_each_task.stats.task_run_stats.failed_iterations == 1


def test_nesting(bench: Bench) -> None:
    """Three Run Job tasks may stand above each other, a fourth fails."""
    job = bench.create({"tasks": [condition("end")]})
    chain = []
    for _ in range(4):
        job = bench.create({"tasks": [{"task_key": "down", "run_job_task": {"job_id": job}}]})
        chain.append(job)
    assert [result(bench.once(job)) for job in chain] == [*["SUCCESS"] * 3, "FAILED"]


def test_child_is_linked(bench: Bench) -> None:
    """A child run names the task run that started it, and can be had while it goes on."""
    child = bench.create({"tasks": [condition("end")]})
    run = bench.once(
        bench.create({"tasks": [{"task_key": "down", "run_job_task": {"job_id": child}}]})
    )
    found = bench.child(task(run, "down"))
    assert found.job_id == child
    assert found.trigger is not None
    assert found.trigger.value == "RUN_JOB_TASK"
    assert found.trigger_info is not None
    assert found.trigger_info.run_id == task(run, "down").run_id


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([condition("a"), condition("a")], "Duplicate task key: a"),
        ([condition("a", depends_on=after("b"))], "depends on b, which is not there"),
        (
            [condition("a", depends_on=after("b")), condition("b", depends_on=after("a"))],
            "each other",
        ),
        ([{"task_key": "a"}], "needs one kind"),
        ([condition("a", max_retries=1)], "no retries"),
        ([condition("a", environment_key="x")], "environment_key x is not defined"),
        ([condition("a b")], "Invalid task key"),
        ([condition("a", run_if="SOMETIMES")], "run_if is none of its values"),
        ([condition("a", notebook_path="x")], "unknown field"),
        ([{"condition_task": {"op": "EQUAL_TO", "left": "", "right": ""}}], r"missing: tasks\[0\]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_definition_that_is_refused(
    bench: Bench, tasks: list[dict[str, Any]], message: str
) -> None:
    """A job that cannot run is not made."""
    with pytest.raises(InvalidParameterValue, match=message):
        bench.create({"tasks": tasks})
