"""Deployed, run, deployed again and destroyed by the real CLI."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from workspace.bench import ROOT

if TYPE_CHECKING:
    from workspace.bench import Bundle


def names(bundle: Bundle) -> list[str]:
    """Names of the jobs in the workspace."""
    return sorted(
        job["settings"]["name"] for job in bundle.databricks("jobs", "list", "-o", "json").json
    )


def test_deploy_run_destroy(bundle: Bundle) -> None:
    """The main job builds real rows; deployed again it is the same job; destroyed, none is left."""
    bundle.add_bench_target(run_type="full", target_schema="finance")
    bundle.validated("bench")
    bundle.databricks("bundle", "deploy", "-t", "bench")
    before = bundle.databricks("bundle", "summary", "-t", "bench", "-o", "json").json
    done, output = bundle.run("bench", "dbt_build_job")
    assert "TERMINATED SUCCESS" in done.stdout + done.stderr
    summary = json.loads(output["logs"].splitlines()[-1])
    assert summary["status"] == "success"
    assert summary["target_schema"] == "finance"
    file = bundle.workspace.folder / ".dbt-runner/local.duckdb"
    with duckdb.connect(file, read_only=True) as database:
        [(orders, keys)] = database.sql(
            "select count(*), count(distinct order_key) from finance.fct_orders"
        ).fetchall()
    assert orders == keys > 10_000
    # deployed again, with another description
    job = bundle.folder / "resources/dbt/dbt_build_job.yml"
    text = job.read_text(encoding="utf-8")
    job.write_text(text.replace("Atomic job: one run", "Atomic job: a single run"))
    bundle.databricks("bundle", "deploy", "-t", "bench")
    after = bundle.databricks("bundle", "summary", "-t", "bench", "-o", "json").json
    jobs, same = (found["resources"]["jobs"] for found in (before, after))
    assert {name: item["id"] for name, item in jobs.items()} == {
        name: item["id"] for name, item in same.items()
    }
    changed = bundle.databricks("jobs", "get", same["dbt_build_job"]["id"], "-o", "json").json
    assert changed["settings"]["description"].startswith("Atomic job: a single run of dbt")
    assert len(names(bundle)) == len(jobs)
    bundle.databricks("bundle", "destroy", "-t", "bench", "--auto-approve")
    assert names(bundle) == []


def test_references_between_jobs(bundle: Bundle) -> None:
    """In the workspace, every reference of a job is the id of a job that is there."""
    bundle.add_bench_target()
    bundle.databricks("bundle", "deploy", "-t", "bench")
    jobs = bundle.databricks("bundle", "summary", "-t", "bench", "-o", "json").json["resources"][
        "jobs"
    ]
    ids = {int(job["id"]): name for name, job in jobs.items()}
    referred = set()
    for name in jobs:
        found = bundle.databricks("jobs", "get", jobs[name]["id"], "-o", "json").json
        for task in found["settings"]["tasks"]:
            inner = task.get("for_each_task", {}).get("task", task)
            if "run_job_task" in inner:
                referred.add(ids[inner["run_job_task"]["job_id"]])
    atomic = {path.stem for path in bundle.folder.glob("resources/*/*.yml")}
    atomic = {name for name in atomic & set(jobs) if jobs[name]["tags"]["job_level"] == "atomic"}
    assert atomic <= referred, "every atomic job is reached from above"


def test_failing_model(bundle: Bundle) -> None:
    """A run whose model fails says in its error which one."""
    bundle.add_bench_target(run_type="run", target_schema="empty", select="dim_nations")
    bundle.databricks("bundle", "deploy", "-t", "bench")
    _, output = bundle.run("bench", "dbt_build_job")
    assert "exit status 1" in output["error"]
    summary = json.loads(output["error"].strip().splitlines()[-1])
    assert [item["unique_id"] for item in summary["failed"]] == ["model.tpch.dim_nations"]


def test_parameters_of_a_run(bundle: Bundle) -> None:
    """`--params` are the job's parameters; a task's own may not be given beside them."""
    bundle.add_bench_target(run_type="no-such-type")
    bundle.databricks("bundle", "deploy", "-t", "bench")
    words = ("--params", "run_type=full,target_schema=finance")
    bundle.run("bench", "dbt_build_job", *words)
    sent = bundle.workspace.requests("/api/2.2/jobs/run-now")
    assert sent[-1]["body"]["job_parameters"] == {"run_type": "full", "target_schema": "finance"}
    words = ("--python-named-params", "run_type=full")
    command = ("bundle", "run", "-t", "bench", "dbt_build_job", *words)
    refused = bundle.databricks(*command, fails=True)
    assert "specifying task parameters is not allowed" in refused.stderr


def test_production_keeps_the_wheel_of_a_running_job(bundle: Bundle) -> None:
    """Production is sent the very bytes of dist/, and keeps them beside the next commit's."""
    first = bundle.commit()
    content = bundle.wheel.read_bytes()
    bundle.databricks("bundle", "deploy", "-t", "prod")
    summary = bundle.databricks("bundle", "summary", "-t", "prod", "-o", "json").json
    job = summary["resources"]["jobs"]["dbt_build_job"]["id"]

    def dependencies() -> tuple[str, str]:
        found = bundle.databricks("jobs", "get", job, "-o", "json").json
        wheel, pins = found["settings"]["environments"][0]["spec"]["dependencies"]
        [file] = re.findall(r"^-r (/Workspace/\S+)$", pins)
        return wheel, file

    wheel, pins = dependencies()
    assert wheel.endswith(f"/artifacts/{first}/.internal/{bundle.wheel.name}")
    assert f"/files/{first}/" in pins
    assert bundle.exported(wheel) == content
    before = (bundle.folder / "resources/requirements.txt").read_bytes()
    assert bundle.exported(pins) == before
    # the next commit has other pins and another wheel
    (bundle.folder / "resources/requirements.txt").write_text("agate==1\n", encoding="utf-8")
    second = bundle.commit(b"another")
    bundle.databricks("bundle", "deploy", "-t", "prod")
    assert [f"/{second}/" in path for path in dependencies()] == [True, True]
    assert [bundle.exported(path) for path in dependencies()] == [b"another", b"agate==1\n"]
    assert [bundle.exported(path) for path in (wheel, pins)] == [content, before]


@pytest.mark.parametrize("name", ["dbt_runner-0.1.0+g0123456789ab-py3-none-any.whl", None])
def test_production_refuses_another_wheel(bundle: Bundle, name: str | None) -> None:
    """What is not this commit's wheel, or stands beside it, is not deployed."""
    commit = bundle.commit()
    wheel = bundle.wheel
    stale = f"dbt_runner-0.1.0+g{commit[:12]}.d01234567-py3-none-any.whl"
    shutil.copy(wheel, wheel.with_name(name or stale))
    if name:
        wheel.unlink()
    refused = bundle.databricks("bundle", "deploy", "-t", "prod", fails=True)
    assert "dist/ does not hold this commit's wheel, and it alone: make build" in refused.stderr
    assert names(bundle) == []


def test_files_in_the_workspace(bundle: Bundle) -> None:
    """What jobs name is in the workspace: script, notebook, SQL, pins; and nothing else."""
    bundle.commit()
    bundle.databricks("bundle", "deploy", "-t", "prod")
    place = bundle.validated("prod")["workspace"]["file_path"]
    for path in ("dbt/dbt_script.sh", "setup/schema_setup.sql", "refresh/refresh_log.sql"):
        assert bundle.exported(f"{place}/resources/{path}") == (
            (ROOT / "resources" / path).read_bytes()
        )
    notebook = bundle.databricks("workspace", "get-status", f"{place}/resources/dbt/dbt_notebook")
    assert notebook.json["object_type"] == "NOTEBOOK"
    sent = bundle.workspace.requests(f"/api/2.0/workspace-files/import-file{place}/")
    assert {item["path"].split(f"{place}/")[1].split("/")[0] for item in sent} == {"resources"}


def test_development(bundle: Bundle) -> None:
    """`deploy -t dev` builds, each time a version of its own: no cache serves an old one."""
    shutil.rmtree(bundle.folder / "dist")
    assert bundle.validated("dev")["artifacts"]["runner"]["build"] == "make build"
    # what make does here, without an environment of its own
    build = f"build:\n\t{sys.executable} {ROOT}/release.py --uv {os.environ['UV']} --out dist\n"
    Path(bundle.folder, "Makefile").write_text(build, encoding="utf-8")
    versions = set()
    for _ in range(2):
        done = bundle.databricks("bundle", "deploy", "-t", "dev")
        [version] = re.findall(r"Uploading \S*dbt_runner-(\S+)-py3-none-any\.whl", done.stderr)
        versions.add(version)
    assert len(versions) == 2
    # the README's commands, as far as this server goes: the CLI takes them, and starts those jobs
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ databricks (bundle run -t dev .*?)(?: +#|$)", readme, re.MULTILINE)
    jobs = bundle.databricks("bundle", "summary", "-t", "dev", "-o", "json").json["resources"][
        "jobs"
    ]
    levels = set()
    for command in commands:
        bundle.databricks(*command.split())
        started = bundle.workspace.requests("/api/2.2/jobs/run-now")[-1]["body"]["job_id"]
        job = jobs[command.split()[4]]
        assert int(job["id"]) == started
        levels.add(job["tags"]["job_level"])
    assert levels == {"atomic", "composite", "orchestrator"}
