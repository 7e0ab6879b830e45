"""Our trigger client against the Jobs API of the CLI's own test server, which nobody here wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workspace.bench import Bundle

MAIN = (sys.executable, "-c", "import sys; from dbt_runner.cli import main; sys.exit(main())")


def client(bundle: Bundle, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    """`dbt-runner` in the bundle's folder: exit code, events, complaint."""
    home = bundle.folder.with_name(f"{bundle.folder.name}-client")
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [*MAIN, *words],
        cwd=bundle.folder,
        env=login(bundle, home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def login(bundle: Bundle, home: Path) -> dict[str, str]:
    """The environment of a program that logs in to the bundle's workspace."""
    return {
        "PATH": f"{bundle.workspace.programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "DATABRICKS_HOST": bundle.workspace.address,
        "DATABRICKS_TOKEN": bundle.token,
    }


def test_deployed_job_is_started_by_its_key(bundle: Bundle) -> None:
    """The bundle's job is found by its key, run, watched, and its runner's summary is read."""
    # short, since this server answers run-now only when the task has ended
    bundle.add_bench_target(run_type="compile", target_schema="finance")
    bundle.databricks("bundle", "deploy", "-t", "bench")
    words = ("trigger", "--bundle-key=dbt_build_job", "--bundle-target=bench")
    words += ("--target-schema=finance", "--once-per=2026-11-24")
    code, lines, complaint = client(bundle, *words, f"--bundle-dir={bundle.folder}")
    assert code == 0, f"{lines}\n{complaint}"
    last = lines[-1]
    assert last["result"] == "SUCCESS"
    [task] = last["tasks"]
    assert task["error"] is None
    assert task["summary"]["status"] == "success"
    assert task["summary"]["target_schema"] == "finance"
    assert bundle.workspace.requests("/api/2.2/jobs/run-now")[-1]["body"] == {
        "job_id": last["job_id"],
        "job_parameters": {"target_schema": "finance"},
        "idempotency_token": last["idempotency_token"],
    }
    # the same intent again
    code, lines, _ = client(bundle, *words, f"--bundle-dir={Path(bundle.folder)}")
    assert (code, lines[-1]["job_run_id"]) == (0, last["job_run_id"])
    code, _, complaint = client(bundle, "trigger", "--bundle-key=dbt_bild_job")
    assert code == 2
    assert "did you mean dbt_build_job?" in complaint
