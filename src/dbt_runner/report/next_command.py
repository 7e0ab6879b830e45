"""The command that a person would type after a run."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt_runner.execution.summary import Summary
from dbt_runner.parameters import DeploymentSettings, absolute_path

MAX_NAMES = 5
PROGRAM = "dbt-runner"
_REPEATED = ("project_dir", "profiles_dir", "catalog", "artifacts", "sample_scale", "vars")


def next_command(summary: Summary, chosen: Mapping[str, Any]) -> str | None:
    """What to type next; `None` if there is nothing to do.

    Args:
        chosen: the run's settings; where it ran is part of the command.
    """
    names = [
        item["unique_id"].split(".")[2]
        for item in summary.failed
        if item["unique_id"].startswith(("model.", "seed.", "snapshot."))
        and item["status"] in {"error", "fail"}
    ]
    if names and summary.run_type == "ci":
        # alone, the nodes would look for the rest in their own schema
        words = ["--run-type", "ci"]
    elif names:
        select = " ".join(f"{name}+" for name in names[:MAX_NAMES])
        words = ["--run-type", "incremental", "--select", select]
    elif summary.status in {"cancelled", "timeout"} and summary.nodes:
        return shlex.join([_program(), "resume", summary.attempt, *_store(chosen)])
    elif summary.status == "success" and summary.run_type == "full":
        words = ["--run-type", "incremental"]
    else:
        return None
    return shlex.join([_program(), *_place(summary, chosen), *words])


def _program() -> str:
    """How this program was called, or its name where that is enough or does not help."""
    called = Path(sys.argv[0])
    if called.name != PROGRAM or shutil.which(PROGRAM) == sys.argv[0]:
        return PROGRAM
    return nearby(sys.argv[0])


def nearby(path: str) -> str:
    """A path as one would type it here: relative, where it lies below the working folder."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def _place(summary: Summary, chosen: Mapping[str, Any]) -> list[str]:
    words = ["--target", summary.target]
    if summary.target_schema:
        words += ["--target-schema", summary.target_schema]
    for name in _REPEATED:
        value = chosen.get(name)
        if value and value != _default(name):
            text = json.dumps(value) if isinstance(value, dict) else str(value)
            words += [f"--{name.replace('_', '-')}", text]
    return words


def _store(chosen: Mapping[str, Any]) -> list[str]:
    artifacts = chosen.get("artifacts")
    kept = artifacts and artifacts != _default("artifacts")
    return ["--artifacts", str(artifacts)] if kept else []


def _default(name: str) -> object:
    field = DeploymentSettings.model_fields.get(name)
    default = field.default if field else None
    return absolute_path(str(default)) if name == "artifacts" else default
