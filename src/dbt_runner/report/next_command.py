"""The command that a person would type after a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from dbt_runner.execution.summary import Summary
from dbt_runner.parameters import DeploymentSettings, absolute_path

MAX_NAMES = 5
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
    if names:
        select = " ".join(f"{name}+" for name in names[:MAX_NAMES])
        words = ["--run-type", "incremental", "--select", select]
    elif summary.status in {"cancelled", "timeout"}:
        words = ["--run-type", summary.run_type]
    elif summary.status == "success" and summary.run_type == "full":
        words = ["--run-type", "incremental"]
    else:
        return None
    return shlex.join(["dbt-runner", *_place(summary, chosen), *words])


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


def _default(name: str) -> object:
    field = DeploymentSettings.model_fields.get(name)
    default = field.default if field else None
    return absolute_path(str(default)) if name == "artifacts" else default
