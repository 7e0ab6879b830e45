"""The server's rules for parameters and references."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue

from jobs.bench import result, task

if TYPE_CHECKING:
    from jobs.bench import Bench
    from jobs.errand_wheel import Errands


def given(bench: Bench, job: int, **request: Any) -> list[str]:
    """Arguments of a job's errand."""
    run = bench.once(job, **request)
    found = bench.output(task(run, "errand"))
    assert result(run) == "SUCCESS", found
    words: list[str] = json.loads(found["logs"])
    return words[1:]


PARAMETERS = [{"name": "a", "default": "job's"}, {"name": "b", "default": "job's"}]


def test_pushed_into_names(bench: Bench, errands: Errands) -> None:
    """Job parameters go into named parameters and win there, also one that no task lists."""
    job = errands.job(
        errands.task("told", named={"a": "task's", "c": "task's"}), parameters=PARAMETERS
    )
    assert given(bench, job) == ["--a=job's", "--c=task's", "--b=job's"]
    assert given(bench, job, job_parameters={"b": "sent"}) == [
        "--a=job's",
        "--c=task's",
        "--b=sent",
    ]


def test_not_pushed_into_lists(bench: Bench, errands: Errands) -> None:
    """Positional parameters take a job parameter only where they refer to it."""
    job = errands.job(
        errands.task("told", words=["{{job.parameters.a}}", "--b=task's"]), parameters=PARAMETERS
    )
    assert given(bench, job, job_parameters={"b": "sent"}) == ["job's", "--b=task's"]


def test_undeclared(bench: Bench, errands: Errands) -> None:
    """An undeclared parameter is refused, or pushed as others are where the switch says so."""
    job = errands.job(errands.task("told", named={"a": "task's"}))
    with pytest.raises(BadRequest, match="no parameter z"):
        bench.client.jobs.run_now(job, job_parameters={"z": "sent"})
    with bench.switched(accept_undeclared=True):
        assert given(bench, job, job_parameters={"z": "sent"}) == ["--a=task's", "--z=sent"]


def test_child_that_declares_nothing(bench: Bench, errands: Errands) -> None:
    """A child has to declare what it refers to, though its parent sends it; the switch forgives."""
    errand = errands.job(errands.task("told", words=["{{job.parameters.resume_key}}"]))
    handed = {"job_id": errand, "job_parameters": {"resume_key": "{{job.run_id}}"}}
    job = bench.create({"tasks": [{"task_key": "down", "run_job_task": handed}]})
    run = bench.once(job)
    assert result(run) == "FAILED"
    failed = task(bench.child(task(run, "down")), "errand")
    assert "{{job.parameters.resume_key}} has no value" in str(failed.state)
    with bench.switched(accept_undeclared=True):
        assert result(bench.once(job)) == "SUCCESS"


def test_named_params(bench: Bench, errands: Errands) -> None:
    """`python_named_params` override a task's own, unless the job declares parameters."""
    job = errands.job(errands.task("told", named={"a": "task's", "c": "task's"}))
    assert given(bench, job, python_named_params={"a": "sent"}) == ["--a=sent", "--c=task's"]
    with bench.switched(named_params_merge=False):
        assert given(bench, job, python_named_params={"a": "sent"}) == ["--a=sent"]
        assert given(bench, job) == ["--a=task's", "--c=task's"]
    declaring = errands.job(errands.task("told", named={}), parameters=PARAMETERS)
    with pytest.raises(BadRequest, match="cannot be used with job parameters"):
        bench.client.jobs.run_now(declaring, python_named_params={"a": "sent"})


def test_python_params(bench: Bench, errands: Errands) -> None:
    """`python_params` replace a list."""
    job = errands.job(errands.task("told", words=["task's"]))
    assert given(bench, job, python_params=["sent", "too"]) == ["sent", "too"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"job_parameters": {"a": "x" * 10_000}}, "exceeds 10000 bytes"),
        ({"python_params": ["ä"]}, "only ASCII"),
        ({"jar_params": ["x"], "notebook_params": {"a": "b"}}, "in conjunction"),
        ({"job_parameters": {"a": 1}}, r"job_parameters\[a\] is no str"),
        ({"python_named_parameters": {"a": "b"}}, "unknown field: python_named_parameters"),
        ({"idempotency_token": "x" * 65}, "more than 64"),
        ({"only": ["nothing"]}, "there is no task nothing"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_refused(bench: Bench, errands: Errands, request_: dict[str, Any], message: str) -> None:
    """A request that breaks a rule is refused, and starts nothing."""
    body = {"job_id": errands.job(errands.task("told", words=[])), **request_}
    with pytest.raises(InvalidParameterValue, match=message):
        bench.client.api_client.do("POST", "/api/2.2/jobs/run-now", body=body)
    assert bench.control("accepted")["accepted"] == []


def test_parent_and_child(bench: Bench, errands: Errands) -> None:
    """A parent's parameter beats what it hands to a child, and its child's child gets it too."""
    errand = errands.job(
        errands.task("told", named={}), parameters=[{"name": "a", "default": "own"}]
    )
    handed = {"job_id": errand, "job_parameters": {"a": "handed", "c": "handed"}}
    middle = bench.create({"tasks": [{"task_key": "down", "run_job_task": handed}]})
    top = bench.create(
        {
            "tasks": [{"task_key": "down", "run_job_task": {"job_id": middle}}],
            "parameters": [{"name": "a", "default": "top's"}],
        }
    )

    def seen(job: int) -> list[str]:
        run = bench.once(job)
        while not (run.tasks or [])[-1].python_wheel_task:
            run = bench.child(task(run, "down"))
        words: list[str] = json.loads(bench.output(task(run, "errand"))["logs"])
        return words[1:]

    assert seen(middle) == ["--a=handed"], "the errand declares no c"
    assert seen(top) == ["--a=handed"], "the middle declares nothing, so it hands nothing on"
    with bench.switched(accept_undeclared=True):
        assert seen(middle) == ["--a=handed", "--c=handed"]
        assert seen(top) == ["--a=top's", "--c=handed"]
