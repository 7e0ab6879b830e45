"""The artifacts of an earlier run that this one compares with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbt_runner.errors import SettingsError
from dbt_runner.policy import FILE_NAME, Policy
from dbt_runner.project import Project
from dbt_runner.run_types import Command
from dbt_runner.settings import Settings
from dbt_runner.store import artifacts

SOURCES = "sources.json"
FRESHNESS = "01-source-freshness"
_NEWER = (
    ["source freshness", "build"],
    ["source freshness", "build --select source_status:fresher+"],
)
_FULL_GRAPH = (["build"], ["build --full-refresh"])


def resolve(
    commands: tuple[Command, ...],
    settings: Settings,
    policy: Policy,
    project: Project,
    place: Path,
) -> tuple[tuple[Command, ...], Path | None]:
    """Find the state that the commands need.

    Given by the setting `state`; else, for a comparison of sources, the newest run in the same
    place that built all that it found to be newer; else the newest complete run of the whole graph
    in production.

    Returns:
        The commands, and the folder of the state. Without an earlier run of that kind, what has
        newer sources is everything, so that criterion is dropped.

    Raises:
        SettingsError: there is no state.
    """
    if settings.state:
        folder = Path(settings.state)
        if not folder.is_dir():
            msg = f"state: {folder} is no folder; give the one that holds manifest.json"
            raise SettingsError(msg)
        return commands, folder
    if any(command.needs_previous for command in commands):
        earlier = artifacts.newest(place, _built_what_is_newer)
        if earlier is None:
            commands = tuple(
                replace(command, select=None) if command.needs_previous else command
                for command in commands
            )
        return commands, earlier / "commands" / FRESHNESS if earlier else None
    if any(command.needs_state for command in commands):
        return commands, _production(settings, policy, project)
    return commands, None


def hand_over(earlier: Path, later: Path) -> None:
    """Give a command the sources' freshness that the command before it found."""
    if (earlier / SOURCES).is_file():
        later.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(earlier / SOURCES, later / SOURCES)


def _production(settings: Settings, policy: Policy, project: Project) -> Path:
    production = policy.production
    if production is None:
        msg = (
            f"state: {settings.run_type} compares with production; give state, or add to "
            f"{FILE_NAME}: production: {{target: …, catalog: …, schema: …}}"
        )
        raise SettingsError(msg)
    place = artifacts.place(
        Path(settings.artifacts),
        project.name,
        production.target,
        production.catalog,
        production.target_schema,
    )
    run = artifacts.newest(place, _is_full_graph)
    if run is None:
        msg = (
            f"state: production has no complete run of the whole graph in {place}; "
            "run full or incremental there first, or give state"
        )
        raise SettingsError(msg)
    return run / "commands" / "01-build"


def _built_what_is_newer(summary: dict[str, Any]) -> bool:
    """Whether a run checked the sources and then built everything behind newer ones."""
    return summary.get("status") == "success" and summary.get("commands") in _NEWER


def _is_full_graph(summary: dict[str, Any]) -> bool:
    return summary.get("status") == "success" and summary.get("commands") in _FULL_GRAPH
