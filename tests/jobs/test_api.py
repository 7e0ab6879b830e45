"""What the server tells of jobs and runs, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, PermissionDenied, ResourceDoesNotExist
from databricks.sdk.service.jobs import JobSettings, Run, RunOutput, SubmitTask, Task

from jobs.bench import result, task
from jobs.errand_wheel import condition

if TYPE_CHECKING:
    from jobs.bench import Bench
    from jobs.errand_wheel import Errands


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
    stranger = WorkspaceClient(host=bench.host, token=bench.token[:-1], auth_type="pat")
    with pytest.raises(PermissionDenied):
        stranger.current_user.me()
    assert bench.client.current_user.me().user_name == "bench@example.com"
