"""A cancelled orchestrator, down to dbt, by either reading of which signals a task gets."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.bench import result, results, task
from jobs.tree import tree

if TYPE_CHECKING:
    from jobs.bench import Bench


def test_cancel_reaches_dbt(bench: Bench, jobs: dict[str, int]) -> None:
    """The runner below three layers gets SIGTERM, and leaves complete artifacts that say so."""
    wanted = {"target_schema": "halted"}
    started = bench.client.jobs.run_now(jobs["master_refresh_orchestrator"], job_parameters=wanted)
    build = _at_work(bench, started.run_id)
    bench.client.jobs.cancel_run(started.run_id)
    run = bench.wait(started.run_id)
    assert result(run) == "CANCELED"
    assert results(run)["refresh"] == "CANCELED"
    found = tree(bench, run)
    assert found["refresh/build/build"].result == "CANCELED"
    assert found["refresh/look_at_sources"].result == "CANCELED"
    summary = found["refresh/build/build"].summary
    assert (summary["status"], summary["exit_code"]) == ("cancelled", 143)
    assert summary["nodes"]["not_started"] + summary["nodes"]["cancelled"] > 0
    artifacts = Path(summary["artifacts"])
    assert (artifacts / "complete").is_file()
    assert json.loads((artifacts / "summary.json").read_text(encoding="utf-8")) == summary
    assert build.name == f"{found['refresh/build/build'].task.run_id}.txt"


def test_killed_at_once(bench: Bench, jobs: dict[str, int]) -> None:
    """By SIGKILL alone nothing is called complete, and the next run of that schema goes through."""
    wanted = {"target_schema": "killed"}
    started = bench.client.jobs.run_now(jobs["master_refresh_orchestrator"], job_parameters=wanted)
    _at_work(bench, started.run_id)
    with bench.switched(kill_after=0):
        bench.client.jobs.cancel_run(started.run_id)
        run = bench.wait(started.run_id)
    assert result(run) == "CANCELED"
    found = tree(bench, run)["refresh/build/build"]
    assert found.result == "CANCELED"
    assert "run.finished" not in found.output["logs"], "it had no time to tell its end"
    place = bench.database.parent / "tpch/local/local/killed"
    [attempt] = (place / "runs").iterdir()
    assert list(place.rglob("complete")) == []

    again = bench.once(jobs["dbt_build_job"], job_parameters=wanted)
    assert result(again) == "SUCCESS"
    [complete] = place.rglob("complete")
    assert complete.parent != attempt
    [(orders, keys)] = bench.rows(
        "select count(*), count(distinct order_key) from killed.fct_orders"
    )
    assert orders == keys > 10_000


def _at_work(bench: Bench, run_id: int) -> Path:
    """Wait until dbt below a run has finished a node; the log of its task."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = bench.run(run_id)
        for key in ("refresh", "build"):
            keys = {each.task_key for each in run.tasks or ()}
            if key not in keys or "run_job_output" not in bench.output(task(run, key)):
                break
            run = bench.child(task(run, key))
        else:
            log = (
                bench.folder / "logs" / f"{(run.tasks or [])[-1].run_id}.txt" if run.tasks else None
            )
            if log and log.exists() and "node.finished" in log.read_text(encoding="utf-8"):
                return log
        time.sleep(0.05)
    msg = "dbt did not begin"
    raise AssertionError(msg)
