"""The real Databricks CLI as a client of the bench, where `make test-workspace` has built it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.errand_wheel import condition

if TYPE_CHECKING:
    from jobs.bench import Bench

CLI = Path(os.environ.get("BENCH_PROGRAMS", "none"), "databricks")


@pytest.mark.skipif(not CLI.exists(), reason="no Databricks CLI: make test-workspace builds it")
def test_run_now(bench: Bench, tmp_path: Path) -> None:
    """`jobs run-now` with today's words starts a run, waits, and the token makes it one."""
    job = bench.create({"tasks": [condition("a")], "parameters": [{"name": "p", "default": "1"}]})
    request = {"job_id": job, "job_parameters": {"p": "2"}, "idempotency_token": f"cli-{job}"}
    command = [str(CLI), "jobs", "run-now", "--json", json.dumps(request)]
    env = {"DATABRICKS_HOST": bench.host, "DATABRICKS_TOKEN": bench.token, "HOME": str(tmp_path)}
    found: list[dict[str, Any]] = []
    for _ in range(2):
        done = subprocess.run(command, env=env, check=True, capture_output=True)
        found.append(json.loads(done.stdout))
    assert found[0]["run_id"] == found[1]["run_id"]
    assert found[0]["state"]["result_state"] == "SUCCESS"
    assert found[0]["job_parameters"] == [{"name": "p", "default": "1", "value": "2"}]
    accepted = bench.control("accepted")["accepted"]
    assert [each["created"] for each in accepted] == [True, False]
