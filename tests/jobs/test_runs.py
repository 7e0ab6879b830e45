"""The server's rules for starting, repeating, listing and repairing runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest, PermissionDenied, ResourceDoesNotExist
from databricks.sdk.service.jobs import JobSettings, Run, RunOutput, SubmitTask, Task

from jobs.bench import result, results, task
from jobs.errand_wheel import after, condition, failure
from jobs.test_wheel_task import at_work

if TYPE_CHECKING:
    from jobs.bench import Bench
    from jobs.errand_wheel import Errands


ONCE: dict[str, Any] = {"idempotency_token": "once"}


def created(bench: Bench) -> list[bool]:
    """Of each accepted request, whether it made a run."""
    return [each["created"] for each in bench.control("accepted")["accepted"]]


def test_one_token_one_run(bench: Bench) -> None:
    """The same token gives the same run, also to requests at the same time."""
    job = bench.create({"tasks": [condition("a")]})
    found: list[int] = []

    def start() -> None:
        found.append(bench.client.jobs.run_now(job, **ONCE).run_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(found)) == 1
    assert sorted(created(bench)) == [False] * 7 + [True]
    bench.wait(found[0])
    bench.client.jobs.delete_run(found[0])
    with pytest.raises(BadRequest, match="does not exist"):
        bench.client.jobs.run_now(job, **ONCE)


def test_surplus_is_skipped(bench: Bench, errands: Errands) -> None:
    """Beyond max_concurrent_runs a run is skipped; the waiter of the SDK does not tell."""
    job = errands.job(errands.task("sleep"))
    first = bench.client.jobs.run_now(job)
    second = bench.client.jobs.run_now(job).result()
    assert second.state is not None
    assert second.state.life_cycle_state is not None
    assert second.state.life_cycle_state.value == "SKIPPED"
    assert result(second) == "MAXIMUM_CONCURRENT_RUNS_REACHED"
    bench.client.jobs.cancel_all_runs(job_id=job)
    assert result(bench.wait(first.run_id)) == "CANCELED"


def test_surplus_waits(bench: Bench, errands: Errands) -> None:
    """With a queue it waits for its turn; it can be cancelled there."""
    job = errands.job(errands.task("sleep"), queue={"enabled": True})
    first, second, third = (bench.client.jobs.run_now(job).run_id for _ in range(3))
    at_work(bench, first)
    states = [bench.run(each).status for each in (second, third)]
    assert [each.state.value for each in states if each and each.state] == ["QUEUED"] * 2
    bench.client.jobs.cancel_run(third)
    assert results(bench.wait(third)) == {"errand": "CANCELED"}
    bench.client.jobs.cancel_run(first)
    at_work(bench, second)
    bench.client.jobs.cancel_run(second)
    assert result(bench.wait(second)) == "CANCELED"


def test_states_over_time(bench: Bench, errands: Errands) -> None:
    """A run is running, then terminating, then terminated, in both forms of a state."""
    job = errands.job(errands.task("deaf"))
    with bench.switched(kill_after=0.5):
        started = bench.client.jobs.run_now(job).run_id
        at_work(bench, started)
        seen = [states(bench.run(started))]
        bench.client.jobs.cancel_run(started)
        seen.append(states(bench.run(started)))
        seen.append(states(bench.wait(started)))
    assert seen == [
        ("RUNNING", "RUNNING", None),
        ("TERMINATING", "TERMINATING", None),
        ("TERMINATED", "TERMINATED", "USER_CANCELED"),
    ]


def states(run: Run) -> tuple[str, str, str | None]:
    """Life cycle state, state of the second form, and termination code."""
    assert run.state
    assert run.state.life_cycle_state
    assert run.status
    assert run.status.state
    details = run.status.termination_details
    code = details.code.value if details and details.code else None
    return run.state.life_cycle_state.value, run.status.state.value, code


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


def test_pages(bench: Bench) -> None:
    """Lists come in pages, and a job with more than a hundred tasks in parts."""
    tasks = [condition(f"t{number:03}") for number in range(150)]
    job = bench.create({"name": "Many Tasks", "tasks": tasks})
    settings = bench.client.jobs.get(job).settings
    assert settings is not None
    assert len(settings.tasks or []) == 150
    runs = [bench.once(job) for _ in range(6)]
    assert [len(each.tasks or []) for each in runs] == [150] * 6
    listed = [each.run_id for each in bench.client.jobs.list_runs(job_id=job, limit=4)]
    assert listed == [each.run_id for each in reversed(runs)]
    body = {"job_id": job, "limit": 4}
    page: Any = bench.client.api_client.do("GET", "/api/2.2/jobs/runs/list", query=body)
    assert (len(page["runs"]), page["has_more"]) == (4, True)
    others = {bench.create({"tasks": [condition("a")]}) for _ in range(25)}
    assert others < {each.job_id for each in bench.client.jobs.list(limit=10)}
    assert [each.job_id for each in bench.client.jobs.list(name="many tasks")] == [job]


def test_changes_to_a_job(bench: Bench) -> None:
    """Update changes what it names, reset replaces all, delete forgets."""
    jobs = bench.client.jobs
    job = bench.create({"name": "first", "tasks": [condition("a")], "max_concurrent_runs": 3})
    more = Task.from_dict(condition("b"))
    jobs.update(job, new_settings=JobSettings(tasks=[more]), fields_to_remove=["name"])
    found = jobs.get(job).settings
    assert found is not None
    assert [each.task_key for each in found.tasks or ()] == ["a", "b"]
    assert (found.name, found.max_concurrent_runs) == (None, 3)
    jobs.reset(job, JobSettings(name="second", tasks=[more]))
    again = jobs.get(job).settings
    assert again is not None
    assert again.max_concurrent_runs == 1
    jobs.delete(job)
    with pytest.raises(ResourceDoesNotExist, match=f"Job {job} does not exist"):
        jobs.get(job)


def test_submit(bench: Bench) -> None:
    """A run without a job runs its tasks once for a token."""
    tasks = [SubmitTask.from_dict(condition("a"))]
    words: dict[str, Any] = {"tasks": tasks, "run_name": "once", "idempotency_token": "submitted"}
    ids: list[int] = [bench.client.jobs.submit(**words).run_id for _ in range(2)]
    assert ids[0] == ids[1]
    found = bench.wait(ids[0])
    assert (result(found), found.run_name) == ("SUCCESS", "once")


def test_output_of_several_tasks(bench: Bench) -> None:
    """Output belongs to a task run; a job run with several tasks has none."""
    run = bench.once(bench.create({"tasks": [condition("a"), condition("b")]})).run_id
    assert run is not None
    with pytest.raises(BadRequest, match="multiple tasks is not supported"):
        bench.client.jobs.get_run_output(run)


def test_answers_hold_what_the_sdk_knows(bench: Bench, errands: Errands) -> None:
    """The SDK has a field for everything that a run or an output tells."""
    run = bench.once(errands.job(errands.task("fail", named={"a": "b"}), parameters=[]))
    do = bench.client.api_client.do
    raw: Any = do("GET", "/api/2.2/jobs/runs/get", query={"run_id": run.run_id})
    assert_known(raw, Run.from_dict(raw).as_dict())
    query = {"run_id": task(run, "errand").run_id}
    output: Any = do("GET", "/api/2.2/jobs/runs/get-output", query=query)
    assert_known(output, RunOutput.from_dict(output).as_dict())


def assert_known(told: Any, kept: Any, path: str = "") -> None:
    """Everything that is told is kept."""
    if isinstance(told, dict):
        for name, value in told.items():
            assert value in (None, [], {}) or name in kept, f"{path}.{name}"
            if name in kept:
                assert_known(value, kept[name], f"{path}.{name}")
    elif isinstance(told, list):
        for number, (one, other) in enumerate(zip(told, kept, strict=True)):
            assert_known(one, other, f"{path}[{number}]")
    else:
        assert told == kept, path


def test_token_of_the_workspace(bench: Bench) -> None:
    """Without its token nobody gets in."""
    from databricks.sdk import WorkspaceClient

    stranger = WorkspaceClient(host=bench.host, token=bench.token[:-1], auth_type="pat")
    with pytest.raises(PermissionDenied):
        stranger.current_user.me()
    assert bench.client.current_user.me().user_name == "bench@example.com"
