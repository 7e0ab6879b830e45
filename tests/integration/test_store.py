"""What runs leave: no secret in it, not for ever, and listed by `dbt-runner runs`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.redaction import HIDDEN
from runs import MAIN

if TYPE_CHECKING:
    from pathlib import Path

    from runs import Finished, Project

CANARY = "canary-c0ffee-5ec2e7"
"""The value of secrets in the environment, and of a model that reads it."""
ENVIRONMENT = {
    "DATABRICKS_TOKEN": CANARY,
    "DBT_ENV_SECRET_PASSWORD": CANARY,
    "DBT_ENV_CUSTOM_ENV_API_TOKEN": CANARY,
}
SLOW = "select count(*) as n from range(3000000000) as t(i) where hash(i) > 1"
READS_IT = "'{{ env_var('DATABRICKS_TOKEN') }}'"


def told(project: Project, *words: str) -> list[dict[str, Any]]:
    """What `dbt-runner runs` tells."""
    command = [sys.executable, *MAIN, "runs", *words, f"--artifacts={project.artifacts}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def assert_no_canary(result: Finished, folder: Path) -> None:
    """The secret stands nowhere among what was stored and what was told."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 5
    holds = [str(file) for file in files if CANARY.encode() in file.read_bytes()]
    assert holds == []
    assert CANARY not in result.stdout + result.stderr


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_secret_after_success(project: Project, level: str) -> None:
    """A secret that a model writes into its SQL reaches the table, and nothing that is stored."""
    project.model("orders", f"select {READS_IT} as id")
    result = project.run("--run-type=full", f"--log-level={level}", env=ENVIRONMENT)
    assert result.code == 0, result.stdout
    assert project.query("select id from analytics.orders") == [(CANARY,)]
    assert result.is_complete()
    assert_no_canary(result, result.artifacts)
    compiled = result.artifacts / "commands/01-build/compiled/shop/models/orders.sql"
    assert "'*****' as id" in compiled.read_text()
    metadata = result.artifact("commands/01-build/manifest.json")["metadata"]
    assert metadata["env"].items() >= {"API_TOKEN": HIDDEN}.items()


def test_no_secret_after_failure(project: Project) -> None:
    """Nor does one in the database's own message."""
    project.model("orders", f"select cast({READS_IT} as integer) as id")
    result = project.run("--run-type=full", "--log-level=debug", env=ENVIRONMENT)
    assert result.code == 1
    assert "*****" in result.failed["orders"]["message"]
    assert result.is_complete()
    assert_no_canary(result, result.artifacts)


def test_no_secret_after_cancellation(project: Project) -> None:
    """Nor after a signal."""
    project.model("slow", f"{SLOW} and {READS_IT} <> ''")
    running = project.fork("--run-type=full", "--log-level=debug", env=ENVIRONMENT)
    running.wait_for("node.started")
    running.send(signal.SIGTERM)
    result = running.finish()
    assert result.code == 143
    assert_no_canary(result, result.artifacts)


def test_no_secret_in_what_is_kept(project: Project) -> None:
    """Artifacts that could not be stored are kept without secrets, and without the profile."""
    project.model("orders", f"select {READS_IT} as id").model("slow", SLOW.replace("3000", "300"))
    running = project.fork("--run-type=full", "--log-level=debug", env=ENVIRONMENT)
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    [runs] = project.artifacts.rglob("runs")
    runs.rename(project.root / "away")
    result = running.finish()
    assert result.code == 4
    [kept] = project.tmp.glob("dbt-runner-*")
    assert_no_canary(result, kept)
    assert sorted(entry.name for entry in kept.iterdir()) == ["commands", "logs", "summary.json"]


def test_old_attempts_are_removed(project: Project) -> None:
    """Each run removes what is beyond the number, in its own place; what is needed stays."""
    project.model("orders")
    first = project.run("--run-type=full", "--keep-runs=1")
    test = project.run("--run-type=compile", "--keep-runs=1")
    assert first.artifacts.is_dir()
    elsewhere = project.run("--run-type=compile", "--target-schema=dev", "--keep-runs=1")
    last = project.run("--run-type=incremental", "--keep-runs=1")
    [line] = last.events("runs.removed")
    assert line["attempts"] == [first.summary["attempt"], test.summary["attempt"]]
    left = {found["attempt"] for found in told(project)}
    assert left == {last.summary["attempt"], elsewhere.summary["attempt"]}


def test_runs_are_listed_and_shown(project: Project) -> None:
    """The list tells what the runs' last lines told; one that was killed is listed as lost."""
    project.model("orders")
    good = project.run("--run-type=full")
    project.model("orders", "select nothing").model("slow", SLOW)
    running = project.fork("--run-type=full", "--threads=1")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    [going] = told(project, "--status=going")
    assert going["nodes_total"] == 2
    running.send(signal.SIGKILL)
    running.finish()
    project.model("slow", "select 1 as n")
    bad = project.run("--run-type=full")
    found = told(project)
    assert [line["status"] for line in found] == ["failed", "lost", "success"]
    assert found[1]["attempt"] == going["attempt"]
    for line, result in ((found[0], bad), (found[2], good)):
        for name in ("attempt", "exit_code", "started_at", "elapsed_s", "run_type", "resume_key"):
            assert line[name] == result.summary[name], name
        assert line["folder"] == result.summary["artifacts"]
        assert line["nodes_total"] == result.summary["nodes"]["total"]
    [shown] = told(project, "show", bad.summary["attempt"][:6])
    assert shown["failed"] == bad.summary["failed"]
    assert shown["commands"][0]["nodes"] == {"model": 2}
    assert shown["files"]["commands/01-build/run_results.json"] > 0
