"""Bundles for the tests of `dbt_runner.bundle`, small and without a fault unless one is put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from dbt_runner.bundle import bundle, check

if TYPE_CHECKING:
    from pathlib import Path

TAGS = {
    "layer": "gold",
    "environment": "${bundle.target}",
    "project": "shop",
    "compute_type": "serverless",
    "job_type": "pipeline",
}
ENVIRONMENTS = [{"environment_key": "default", "spec": {"environment_version": "4"}}]
# Prints what it is given, and has no widget of its own.
NOTEBOOK = "# Databricks notebook source\nprint('hello')\n"


def job(*tasks: dict[str, Any], level: str = "atomic", **settings: Any) -> dict[str, Any]:
    """A job with these tasks; a setting that is None is left out."""
    whole = {
        "name": "[${bundle.target}] a job",
        "tags": {"job_level": level, **TAGS},
        "environments": ENVIRONMENTS,
        "tasks": list(tasks),
        **settings,
    }
    return {key: value for key, value in whole.items() if value is not None}


def task(key: str = "main", **settings: Any) -> dict[str, Any]:
    """A task; without a kind it runs SQL."""
    if not any(name.endswith("_task") for name in settings):
        settings["sql_task"] = {"warehouse_id": "${var.warehouse_id}", "file": {"path": "a.sql"}}
    return {"task_key": key, **settings}


def start(name: str, key: str = "", **settings: Any) -> dict[str, Any]:
    """A task that starts a job of the bundle."""
    parameters = {"job_parameters": settings.pop("give")} if "give" in settings else {}
    reference = {"job_id": f"${{resources.jobs.{name}.id}}", **parameters}
    return {"task_key": key or f"start_{name}", "run_job_task": reference, **settings}


def wheel(key: str = "main", **settings: Any) -> dict[str, Any]:
    """A wheel task on serverless compute."""
    body = {"package_name": "shop", "entry_point": "run", **settings}
    return {"task_key": key, "environment_key": "default", "python_wheel_task": body}


def notebook(key: str = "main", path: str = "note.py", **settings: Any) -> dict[str, Any]:
    """A notebook task."""
    return {"task_key": key, "notebook_task": {"notebook_path": path, **settings}}


def write(folder: Path, files: dict[str, Any]) -> Path:
    """Write a bundle: texts as they are, anything else as YAML."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        file.write_text(text, encoding="utf-8")
    return folder


def definition(jobs: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """A databricks.yml with one target that is neither development nor production."""
    return {
        "bundle": {"name": "shop"},
        "targets": {"staging": None},
        "resources": {"jobs": jobs},
        **settings,
    }


def findings(folder: Path, target: str | None = None) -> list[str]:
    """Codes of what a check finds, in the order of the report."""
    report = check.check(bundle.read(folder), target)
    return [finding.rule.code for finding, _ in report.findings]
