"""The server's rules for dynamic value references."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from databricks.sdk.errors import InvalidParameterValue

from jobs.bench import result, task
from jobs.server.errors import Refusal
from jobs.server.references import Facts, resolve

if TYPE_CHECKING:
    from jobs.bench import Bench
    from jobs.errand_wheel import Errands


def test_references(bench: Bench, errands: Errands) -> None:
    """References are replaced in the task's parameters; an unknown namespace stays as it is."""
    texts = {
        "job": "{{job.id}}/{{job.run_id}}/{{job.name}}/{{ job.repair_count }}",
        "task": "{{task.name}}-{{task.run_id}}-{{task.execution_count}}",
        "trigger": "{{job.trigger.type}}",
        "before": "{{tasks.first.result_state}}",
        "unknown": "{{secrets/scope/key}} {{nothing.here}}",
    }
    first = errands.task("told", "first", words=[])
    errand = errands.task("told", named=texts, depends_on=[{"task_key": "first"}])
    job = errands.job(first, errand)
    run = bench.once(job)
    mine = task(run, "errand")
    assert json.loads(bench.output(mine)["logs"])[1:] == [
        f"--job={job}/{run.run_id}/errands/0",
        f"--task=errand-{mine.run_id}-1",
        "--trigger=one_time",
        "--before=success",
        f"--unknown={texts['unknown']}",
    ]


@pytest.mark.parametrize(
    "text", ["{{job.runid}}", "{{task.key}}", "{{tasks.nobody.run_id}}", "{{job.start_time.iso}}"]
)
def test_wrong_reference(bench: Bench, errands: Errands, text: str) -> None:
    """A wrong key in a known namespace is refused when the job is made."""
    with pytest.raises(InvalidParameterValue, match="has no value"):
        errands.job(errands.task("told", words=[text]))


def test_parameter_that_is_not_there(bench: Bench, errands: Errands) -> None:
    """A task that refers to a parameter which the run has not fails before it begins."""
    run = bench.once(errands.job(errands.task("told", words=["{{job.parameters.nothing}}"])))
    assert result(run) == "FAILED"
    assert "{{job.parameters.nothing}} has no value" in str(task(run, "errand").state)


def test_other_facts() -> None:
    """Task values, items of a loop and times are replaced; names may stand in backticks."""
    facts = Facts(
        parameters={"a b": "odd"},
        start_time=1_700_000_000_000,
        tasks={"x": {"values": {"y": [1, 2]}}},
        item={"k": {"inner": "deep"}},
    )
    assert resolve("{{tasks.x.values.y}} {{input.k.inner}}", facts) == "[1, 2] deep"
    assert resolve("{{job.parameters.`a b`}}", facts) == "odd"
    assert resolve("{{job.start_time.iso_date}}", facts) == "2023-11-14"
    with pytest.raises(Refusal, match="has no value"):
        resolve("{{tasks.x.values.z}}", facts)
