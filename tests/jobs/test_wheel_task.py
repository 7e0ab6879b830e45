"""The server's wheel task: real processes, called as a driver calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.bench import result, task
from jobs.errand_wheel import at_work

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run

    from jobs.bench import Bench
    from jobs.errand_wheel import Errands


def is_alive(pid: int) -> bool:
    """Whether a process goes on; one that has ended and waits for its parent does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def output(bench: Bench, run: Run) -> dict[str, Any]:
    """Output of the errand."""
    return bench.output(task(run, "errand"))


def words(bench: Bench, run: Run) -> list[str]:
    """What the errand got as its arguments."""
    assert result(run) == "SUCCESS", output(bench, run)
    found: list[str] = json.loads(output(bench, run)["logs"])
    return found


def test_words(bench: Bench, errands: Errands) -> None:
    """An entry point of any group is called; named parameters are `--name=value`, also if empty."""
    named = {"a": "x=y z", "empty": ""}
    run = bench.once(errands.job(errands.task("told", named=named)))
    assert words(bench, run) == ["errands", "--a=x=y z", "--empty="]


def test_a_function_instead(bench: Bench, errands: Errands) -> None:
    """Without an entry point of that name, the package's function is called."""
    run = bench.once(errands.job(errands.task("words", words=["1", "2"])))
    assert words(bench, run) == ["errands", "1", "2"]


def test_failure(bench: Bench, errands: Errands) -> None:
    """An exception fails the task: its last line is the error, its trace stands by itself."""
    run = bench.once(errands.job(errands.task("fail")))
    found = output(bench, run)
    assert result(run) == "FAILED"
    assert found["error"] == "RuntimeError: the errand failed"
    assert found["error_trace"].startswith("Traceback")
    assert found["logs"].startswith("on standard output\non standard error\nTraceback")


@pytest.mark.parametrize("life", ["INTERNAL_ERROR", "TERMINATED"])
def test_life_of_a_failure(bench: Bench, errands: Errands, life: str) -> None:
    """A failed run ends its life in one of two ways, as the test says."""
    with bench.switched(failed_life_cycle=life):
        run = bench.once(errands.job(errands.task("fail")))
    assert run.state is not None
    assert run.state.life_cycle_state is not None
    assert (run.state.life_cycle_state.value, result(run)) == (life, "FAILED")


def test_exit_is_a_failure(bench: Bench, errands: Errands) -> None:
    """`SystemExit` fails the task, even 0."""
    run = bench.once(errands.job(errands.task("exit_zero")))
    assert result(run) == "FAILED"
    assert output(bench, run)["error"] == "SystemExit: 0"


def test_long_log(bench: Bench, errands: Errands) -> None:
    """Of a long log the last five megabytes are kept."""
    run = bench.once(errands.job(errands.task("talk")))
    found = output(bench, run)
    assert found["logs_truncated"] is True
    assert len(found["logs"]) == 5 * 1024 * 1024
    assert found["logs"].endswith("x\nlast\n")


def test_cancel(bench: Bench, errands: Errands) -> None:
    """A cancelled task gets SIGTERM, and nothing of its process group is left."""
    job = errands.job(errands.task("sleep"))
    started = bench.client.jobs.run_now(job)
    child = int(at_work(bench, started.run_id).split()[1])
    bench.client.jobs.cancel_run(started.run_id)
    run = bench.wait(started.run_id)
    assert result(run) == "CANCELED"
    assert "InterruptedError: ended by SIGTERM" in output(bench, run)["logs"]
    assert not is_alive(child)


def test_timeout(bench: Bench, errands: Errands) -> None:
    """A task that takes longer than its limit gets SIGTERM, then SIGKILL, and has timed out."""
    with bench.switched(kill_after=0.3):
        run = bench.once(errands.job(errands.task("deaf", timeout_seconds=1)))
    assert result(run) == "FAILED"
    assert result(task(run, "errand")) == "TIMEDOUT"


def test_timeout_of_a_job(bench: Bench, errands: Errands) -> None:
    """A job's own limit ends all that it does."""
    run = bench.once(errands.job(errands.task("sleep"), timeout_seconds=1))
    assert result(run) == "TIMEDOUT"
    assert result(task(run, "errand")) == "CANCELED"


@pytest.mark.parametrize(("failures", "end", "attempts"), [(1, "SUCCESS", 2), (9, "FAILED", 3)])
def test_retries(bench: Bench, errands: Errands, failures: int, end: str, attempts: int) -> None:
    """A failed task is repeated as often as it says; each attempt is a task run of its own."""
    file = bench.folder / f"count-{failures}"
    words = [str(failures), str(file), "{{task.execution_count}}"]
    wait = {"max_retries": 2, "min_retry_interval_millis": 60_000}
    job = errands.job({**errands.task("fail_until", words=words), **wait})
    run = bench.once(job)
    assert result(run) == end
    assert [each.attempt_number for each in run.tasks or ()] == list(range(attempts))
    resolved = [each.resolved_values for each in run.tasks or ()]
    counts = [
        each.python_wheel_task.parameters[2]
        for each in resolved
        if each and each.python_wheel_task and each.python_wheel_task.parameters
    ]
    assert counts == [str(number + 1) for number in range(attempts)]


def test_library_that_is_not_there(bench: Bench, errands: Errands) -> None:
    """A dependency that cannot be installed fails the task before it begins."""
    spec = {"environment_version": "4", "dependencies": ["no-such-package-of-the-bench"]}
    job = errands.job(
        errands.task("told"), environments=[{"environment_key": "default", "spec": spec}]
    )
    found = task(bench.once(job), "errand")
    assert found.status is not None
    assert found.status.termination_details is not None
    assert found.status.termination_details.code is not None
    assert found.status.termination_details.code.value == "LIBRARY_INSTALLATION_ERROR"


@pytest.mark.parametrize(
    "kind",
    [
        {"pipeline_task": {"pipeline_id": "1"}},
        {"spark_python_task": {"python_file": "x.py"}},
        {"dbt_task": {"commands": ["dbt build"]}},
    ],
    ids=lambda kind: next(iter(kind)),
)
def test_what_cannot_be_run_fails(bench: Bench, kind: dict[str, Any]) -> None:
    """A kind of task that the bench cannot run never passes."""
    run = bench.once(bench.create({"tasks": [{"task_key": "it", **kind}]}))
    found = task(run, "it")
    assert result(run) == "FAILED"
    assert found.state is not None
    assert found.state.state_message == f"this bench cannot run {next(iter(kind))}"
