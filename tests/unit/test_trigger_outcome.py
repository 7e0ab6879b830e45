"""How a run ended, and the exit code for it."""

from __future__ import annotations

from typing import Any

import pytest
from databricks.sdk.service.jobs import (
    Run,
    RunLifeCycleState,
    RunLifecycleStateV2State,
    RunResultState,
)

from dbt_runner.errors import Cancelled, LostContact, NotRun, RunnerError, TimedOut, TransientError
from dbt_runner.jobs.trigger import outcome
from dbt_runner.jobs.trigger.details import summary_in
from dbt_runner.jobs.trigger.job_run import JobRun, seen


def run(
    life_cycle: str | None = None,
    result: str | None = None,
    status: dict[str, Any] | None = None,
    **fields: Any,
) -> JobRun:
    """A run as the SDK reads it."""
    state = {"life_cycle_state": life_cycle, "result_state": result} if life_cycle else None
    return seen(Run.from_dict({"state": state, "status": status, **fields}), 7)


@pytest.mark.parametrize(
    ("life_cycle", "result", "name", "exit_code"),
    [
        ("TERMINATED", "SUCCESS", "SUCCESS", 0),
        ("TERMINATED", "FAILED", "FAILED", 1),
        ("TERMINATED", "SUCCESS_WITH_FAILURES", "SUCCESS_WITH_FAILURES", 1),
        ("TERMINATED", "UPSTREAM_FAILED", "UPSTREAM_FAILED", 1),
        ("TERMINATED", "TIMEDOUT", "TIMEDOUT", 124),
        ("TERMINATED", "CANCELED", "CANCELED", 130),
        ("TERMINATED", "UPSTREAM_CANCELED", "UPSTREAM_CANCELED", 130),
        ("SKIPPED", None, "SKIPPED", 8),
        ("TERMINATED", "MAXIMUM_CONCURRENT_RUNS_REACHED", "MAXIMUM_CONCURRENT_RUNS_REACHED", 8),
        ("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", "MAXIMUM_CONCURRENT_RUNS_REACHED", 8),
        ("TERMINATED", "EXCLUDED", "EXCLUDED", 8),
        ("TERMINATED", "DISABLED", "DISABLED", 8),
        ("INTERNAL_ERROR", None, "INTERNAL_ERROR", 5),
        ("INTERNAL_ERROR", "FAILED", "FAILED", 1),
        ("INTERNAL_ERROR", "TIMEDOUT", "TIMEDOUT", 124),
        ("INTERNAL_ERROR", "CANCELED", "CANCELED", 130),
        # contradictions and what is newer than we are: never a success
        ("INTERNAL_ERROR", "SUCCESS", "INTERNAL_ERROR", 5),
        ("SKIPPED", "SUCCESS", "SKIPPED", 8),
        ("TERMINATED", None, "UNKNOWN", 1),
        ("TERMINATED", "SUCCESS_OF_A_NEW_KIND", "UNKNOWN", 1),
    ],
)
def test_end_has_an_exit_code(
    life_cycle: str, result: str | None, name: str, exit_code: int
) -> None:
    """Each end of design §8."""
    found = run(life_cycle, result)
    assert found.outcome
    assert (found.outcome.name, found.exit_code) == (name, exit_code)


@pytest.mark.parametrize(
    ("code", "kind", "exit_code"),
    [
        ("SUCCESS", "SUCCESS", 0),
        ("SUCCESS_WITH_FAILURES", "CLIENT_ERROR", 1),
        ("RUN_EXECUTION_ERROR", "CLIENT_ERROR", 1),
        ("LIBRARY_INSTALLATION_ERROR", "CLIENT_ERROR", 1),
        ("USER_CANCELED", "CLIENT_ERROR", 130),
        ("CANCELED", "SUCCESS", 130),
        ("SKIPPED", "SUCCESS", 8),
        ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR", 8),
        ("MAX_JOB_QUEUE_SIZE_EXCEEDED", "CLIENT_ERROR", 8),
        ("DISABLED", "SUCCESS", 8),
        ("INTERNAL_ERROR", "INTERNAL_ERROR", 5),
        ("CLOUD_FAILURE", "CLOUD_FAILURE", 5),
        ("OF_A_NEW_KIND", "SUCCESS", 1),
        (None, None, 1),
    ],
)
def test_newer_form_of_the_state_is_read_too(
    code: str | None, kind: str | None, exit_code: int
) -> None:
    """Where there is no `state`, `status` tells the end."""
    details = {"code": code, "type": kind}
    assert run(status={"state": "TERMINATED", "termination_details": details}).exit_code == (
        exit_code
    )


def test_every_result_of_the_sdk_has_an_exit_code() -> None:
    """A result that a new SDK knows has to be put into the table."""
    assert {state.value for state in RunResultState} <= outcome.EXIT_CODES.keys()
    zero = [name for name, code in outcome.EXIT_CODES.items() if code == 0]
    assert zero == ["SUCCESS"]


@pytest.mark.parametrize(
    "state",
    [
        s.value
        for s in RunLifeCycleState
        if s.value not in {"TERMINATED", "SKIPPED", "INTERNAL_ERROR"}
    ],
)
def test_run_that_goes_on_has_no_end(state: str) -> None:
    """Also when an earlier attempt left a result behind."""
    found = run(state, "FAILED")
    assert found.outcome is None
    assert found.doing == state
    assert found.exit_code == 7


@pytest.mark.parametrize(
    "state", [s.value for s in RunLifecycleStateV2State if s.value != "TERMINATED"]
)
def test_newer_form_of_going_on(state: str) -> None:
    """`status` without `state` tells what it is doing."""
    assert run(status={"state": state}).doing == state


def test_nothing_known_is_no_end() -> None:
    """A state that a newer API invents may still come to an end."""
    assert run("SLEEPING").outcome is None
    assert run().exit_code == 7


@pytest.mark.parametrize(
    ("found", "error", "exit_code"),
    [
        (run("TERMINATED", "FAILED"), RunnerError, 1),
        (run("TERMINATED", "TIMEDOUT"), TimedOut, 124),
        (run("TERMINATED", "CANCELED"), Cancelled, 130),
        (run("SKIPPED"), NotRun, 8),
        (run("INTERNAL_ERROR"), TransientError, 5),
        (run("RUNNING"), LostContact, 7),
    ],
)
def test_orchestrator_may_have_an_exception(
    found: JobRun, error: type[RunnerError], exit_code: int
) -> None:
    """What is no success raises, with the run's id and the exit code."""
    with pytest.raises(error, match="job run 7") as caught:
        found.raise_unless_success()
    assert caught.value.exit_code == exit_code


def test_success_raises_nothing() -> None:
    """An orchestrator's task is then green."""
    run("TERMINATED", "SUCCESS").raise_unless_success()


def test_last_attempt_of_a_task_counts() -> None:
    """Retries and repairs of a task are further entries of the same key."""
    failed = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
    fine = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
    tasks = [
        {"task_key": "a", "run_id": 2, "attempt_number": 1, "start_time": 5, "state": fine},
        {"task_key": "a", "run_id": 1, "attempt_number": 0, "start_time": 1, "state": failed},
        {"task_key": "b", "run_id": 3, "start_time": 6_000, "end_time": 8_500, "state": failed},
    ]
    found = run("TERMINATED", "FAILED", tasks=tasks)
    assert [(task.key, task.run_id, task.seconds) for task in found.tasks] == [
        ("a", 2, None),
        ("b", 3, 2.5),
    ]
    assert found.sentence() == "job run 7 ended FAILED: b"


@pytest.mark.parametrize(
    ("first", "second", "last"),
    [
        pytest.param((1, 10), (0, 20), 2, id="repair-counts-anew"),
        pytest.param((0, 20), (1, 10), 1, id="listed-backwards"),
        pytest.param((0, 10), (1, 10), 2, id="one-moment"),
        pytest.param((1, 10), (0, 10), 1, id="one-moment-backwards"),
        pytest.param((0, 10), (1, 0), 2, id="has-not-begun"),
        pytest.param((0, 0), (0, 0), 2, id="nothing-known"),
    ],
)
def test_attempt_that_began_last_counts(
    first: tuple[int, int], second: tuple[int, int], last: int
) -> None:
    """The start decides, and the number of the attempt where that is equal or not known."""
    tasks = [
        {"task_key": "a", "run_id": place, "attempt_number": number, "start_time": start}
        for place, (number, start) in enumerate((first, second), 1)
    ]
    assert [task.run_id for task in run("TERMINATED", "FAILED", tasks=tasks).tasks] == [last]


@pytest.mark.parametrize(
    ("result", "ends", "sentence"),
    [
        ("SUCCESS", {"a": "SUCCESS", "b": "EXCLUDED"}, "job run 7 ended SUCCESS"),
        ("SUCCESS", {"a": "FAILED", "b": "SUCCESS"}, "job run 7 ended SUCCESS"),
        ("FAILED", {"a": "FAILED", "b": "EXCLUDED"}, "job run 7 ended FAILED: a"),
        ("FAILED", {"a": "DISABLED", "b": "SKIPPED", "c": "FAILED"}, "job run 7 ended FAILED: c"),
        (
            "FAILED",
            {"a": "FAILED", "b": "UPSTREAM_FAILED", "c": "TIMEDOUT"},
            "job run 7 ended FAILED: a, b, c",
        ),
        ("FAILED", {"a": "EXCLUDED"}, "job run 7 ended FAILED: why"),
    ],
)
def test_only_what_failed_is_named(result: str, ends: dict[str, str], sentence: str) -> None:
    """A success names no task, and a task that was not meant to run is no failure."""
    tasks = [
        {"task_key": key, "state": {"life_cycle_state": "TERMINATED", "result_state": end}}
        if end != "SKIPPED"
        else {"task_key": key, "state": {"life_cycle_state": "SKIPPED"}}
        for key, end in ends.items()
    ]
    message = "why" if sentence.endswith("why") else ""
    state = {"life_cycle_state": "TERMINATED", "result_state": result, "state_message": message}
    assert seen(Run.from_dict({"state": state, "tasks": tasks}), 7).sentence() == sentence


@pytest.mark.parametrize(
    ("logs", "status"),
    [
        pytest.param('x\n{"event": "run.finished", "status": "failed"}\n', "failed", id="plain"),
        pytest.param(
            '{"event": "run.finished", "status": "a"}\n{"event": "run.finished", "status": "b"}',
            "b",
            id="last",
        ),
        pytest.param(
            '{"event": "run.finished", "status": "a"}\n{"event": "run.finished", "sta',
            "a",
            id="cut",
        ),
        pytest.param('{"event": "node.finished", "text": "\\"run.finished\\""}', None, id="other"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_runners_summary_is_found_in_the_output(logs: str | None, status: str | None) -> None:
    """It is the last line that says `run.finished`, among whatever else was printed."""
    found = summary_in(logs)
    assert (found["status"] if found else None) == status
