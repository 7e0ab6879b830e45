"""The server's rules for starting runs, and their states over time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest

from jobs.bench import result, results
from jobs.errand_wheel import at_work, condition

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run

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
