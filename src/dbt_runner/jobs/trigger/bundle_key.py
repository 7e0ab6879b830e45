"""The id of a job that a bundle deployed, as the Databricks CLI knows it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dbt_runner.argv import printable
from dbt_runner.errors import ProjectError, SettingsError

_TIME_LIMIT = 120


def job_of(key: str, target: str | None, folder: Path) -> tuple[int, str | None]:
    """Ask `databricks bundle summary`, since where a deployment keeps its state is its own affair.

    Args:
        key: of the job among the bundle's resources.
        target: the bundle target; the bundle's own default without one.
        folder: of the bundle.

    Returns:
        The job's id, and the host of the workspace that it is deployed to.

    Raises:
        SettingsError: the bundle has no such job, or it is not deployed.
        ProjectError: there is no CLI, or it could not tell.
    """
    command = ["databricks", "bundle", "summary", "--output", "json"]
    summary = _ask([*command, *(["--target", target] if target else [])], folder)
    jobs = _within(summary, "resources", "jobs")
    if key not in jobs:
        near = get_close_matches(key, jobs, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(jobs) or 'none'}"
        msg = f"bundle_key: {printable(key)} is no job of the bundle; {hint}"
        raise SettingsError(msg)
    found = str(_within(jobs, key).get("id") or "")
    if not found.isdigit():
        where = f" -t {target}" if target else ""
        msg = f"bundle_key: {key} is not deployed; run databricks bundle deploy{where}"
        raise SettingsError(msg)
    host = _within(summary, "workspace").get("host")
    return int(found), host if isinstance(host, str) else None


def _ask(command: list[str], folder: Path) -> Mapping[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and one that is a value of its own
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=_TIME_LIMIT,
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            msg = f"bundle_dir: {folder} is no folder"
            raise SettingsError(msg) from error
        msg = "bundle_key: needs the Databricks CLI on PATH; or give the job's id or name"
        raise ProjectError(msg) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"bundle_key: databricks bundle summary: {error}"
        raise ProjectError(msg) from error
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        msg = f"bundle_key: databricks bundle summary failed: {said}"
        raise ProjectError(msg)
    try:
        content = json.loads(done.stdout)
    except ValueError as error:
        msg = f"bundle_key: databricks bundle summary gave no JSON: {printable(done.stdout)}"
        raise ProjectError(msg) from error
    return content if isinstance(content, Mapping) else {}


def _within(content: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        found = content.get(key)
        content = found if isinstance(found, Mapping) else {}
    return content
