"""Faults on demand, as the real SDK meets them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InternalError

from jobs.errand_wheel import condition

if TYPE_CHECKING:
    from jobs.bench import Bench


def fail(bench: Bench, **fault: Any) -> None:
    """Do one thing wrong from now on."""
    bench.control("faults", faults=[fault])


def told(bench: Bench) -> tuple[list[bool], list[int]]:
    """Of accepted requests, whether each made a run; and the status of each try."""
    found = bench.control("accepted")
    tries = [each["status"] for each in found["requests"] if each["path"].endswith("run-now")]
    return [each["created"] for each in found["accepted"]], tries


@pytest.mark.parametrize(
    ("fault", "accepted", "tries"),
    [
        ({"do": "drop"}, [True], [0, 200]),
        ({"do": "drop_after"}, [True, False], [0, 200]),
        ({"do": "status", "status": 429, "retry_after": 1}, [True], [429, 200]),
        ({"do": "status", "status": 503, "retry_after": 1}, [True], [503, 200]),
        ({"do": "status_after", "status": 503}, [True, False], [503, 200]),
        ({"do": "slow", "seconds": 0.2}, [True], [200]),
        ({"do": "slow_after", "seconds": 0.2}, [True], [200]),
    ],
    ids=lambda value: (
        "-".join(str(each) for each in value.values()) if isinstance(value, dict) else ""
    ),
)
def test_token_holds(
    bench: Bench, fault: dict[str, Any], accepted: list[bool], tries: list[int]
) -> None:
    """With a token the SDK's own repetition makes one run, whatever was lost on the way."""
    job = bench.create({"tasks": [condition("a")]})
    token = f"token-{time.time_ns()}"
    fail(bench, **fault)
    run = bench.client.jobs.run_now(job, idempotency_token=token).run_id
    assert told(bench) == (accepted, tries)
    assert [each.run_id for each in bench.client.jobs.list_runs(job_id=job)] == [run]


def test_no_token(bench: Bench) -> None:
    """Without a token an answer that is lost makes two runs: the reason for tokens."""
    job = bench.create({"tasks": [condition("a")], "max_concurrent_runs": 9})
    fail(bench, do="drop_after")
    bench.client.jobs.run_now(job)
    assert told(bench) == ([True, True], [0, 200])


@pytest.mark.parametrize("status", [500, 502])
def test_other_errors(bench: Bench, status: int) -> None:
    """The SDK does not repeat after other errors, though the run may be there."""
    job = bench.create({"tasks": [condition("a")]})
    fail(bench, do="status_after", status=status, body=None if status == 502 else {})
    with pytest.raises((InternalError, ValueError, OSError)):
        bench.client.jobs.run_now(job, idempotency_token=f"lost-{status}")
    assert told(bench) == ([True], [status])


def test_times_and_paths(bench: Bench) -> None:
    """A fault happens on its path only, and as often as it is told to."""
    job = bench.create({"tasks": [condition("a")]})
    fail(bench, do="status", status=503, retry_after=0, path="runs/get", times=2)
    run = bench.client.jobs.run_now(job).run_id
    bench.run(run)
    [fault] = bench.control("faults")["faults"]
    assert fault["done"] == 2
    assert told(bench)[1] == [200]
