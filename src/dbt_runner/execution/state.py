"""The artifacts of an earlier run that this one compares with."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbt_runner.engine.fingerprint import file_digest
from dbt_runner.errors import SettingsError
from dbt_runner.parameters import DeploymentSettings, absolute_path
from dbt_runner.policy import FILE_NAME, Policy, Production
from dbt_runner.project import Project
from dbt_runner.run_types import Command
from dbt_runner.settings import Settings
from dbt_runner.store import artifacts
from dbt_runner.store.attempts import Stored
from dbt_runner.store.files import read_object

SOURCES = "sources.json"
MANIFEST = "manifest.json"
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
    target: str,
    place: Path,
) -> tuple[tuple[Command, ...], Path | None]:
    """Find the state that the commands need.

    Given by the setting `state`; else, for a comparison of sources, the newest run in the same
    place that built all that it found to be newer; else the newest complete run of the whole graph
    in production.

    Args:
        target: name of the run's target.
        place: the folder of all runs of the project in the run's place.

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
        return commands, _production(settings, policy, project, target)
    return commands, None


def hand_over(earlier: Path, later: Path) -> None:
    """Give a command the sources' freshness that the command before it found."""
    if (earlier / SOURCES).is_file():
        later.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(earlier / SOURCES, later / SOURCES)


def kept(found: Path | None, before: str | None) -> Path | None:
    """The state of an earlier attempt, if it still lies among the runs that have the one found.

    Of what an attempt wrote down only the run's name counts. It is no reason to look elsewhere: who
    may write there is not who may say what a run compares with, and mounts may differ.

    Args:
        found: what this attempt would compare with, were it the first.
    """
    if found is None or before is None:
        return found
    run = found.parents[2].joinpath(*Path(before).parts[-3:-2])
    folder = run / found.parent.name / found.name
    return folder if Stored(run).started is not None and folder.is_dir() else found


def digests(folder: Path) -> dict[str, str]:
    """What tells two states apart, wherever they lie: digests of their files, by name."""
    files = (folder / name for name in (MANIFEST, SOURCES))
    return {file.name: file_digest(file) for file in files if file.is_file()}


def schemas(folder: Path) -> frozenset[tuple[str, str]]:
    """The (catalog, schema) in lower case of everything that the run built which left the state.

    Raises:
        SettingsError: its manifest cannot be read.
    """
    manifest = read_object(folder / MANIFEST)
    nodes = manifest.get("nodes") if manifest else None
    if not isinstance(nodes, dict):
        msg = f"state: {folder / MANIFEST} cannot be read"
        raise SettingsError(msg)
    return frozenset(
        (str(node.get("database")).lower(), str(node.get("schema")).lower())
        for node in nodes.values()
    )


def _production(settings: Settings, policy: Policy, project: Project, target: str) -> Path:
    production = policy.production_for(target)
    if production is None:
        what = f"{settings.run_type} compares with production"
        if policy.production:
            what += f", and none is on the kind of database of the target {target}"
        msg = (
            f"state: {what}; give state, or add to {FILE_NAME}: "
            "production: {target: …, catalog: …, schema: …}"
        )
        raise SettingsError(msg)
    place = artifacts.place(
        Path(production.artifacts or settings.artifacts),
        project.name,
        production.target,
        production.catalog,
        production.target_schema,
    )
    run = artifacts.newest(place, _is_full_graph)
    if run is None:
        raise SettingsError(_first_run(settings, policy, production, place))
    return run / "commands" / "01-build"


def _first_run(settings: Settings, policy: Policy, production: Production, place: Path) -> str:
    """What to do where production has no run to compare with."""
    try:
        next(place.iterdir(), None)
    except FileNotFoundError:
        pass
    except OSError as error:
        return f"state: production's artifacts cannot be read: {place}: {error.strerror or error}"
    volume = Path(*place.parts[:5])
    if place.is_relative_to("/Volumes") and not volume.is_dir():
        return (
            f"state: production's artifacts belong on {volume}, which is not there for this run; "
            "it has to be a job whose identity has READ VOLUME on it; or give state"
        )
    words = ["dbt-runner", "--run-type", "incremental", "--target", production.target]
    words += ["--target-schema", production.target_schema]
    own = policy.targets.get(production.target)
    if production.catalog != ((own and own.catalog) or production.target):
        words += ["--catalog", production.catalog]
    folder = production.artifacts or settings.artifacts
    if folder != absolute_path(str(DeploymentSettings.model_fields["artifacts"].default)):
        words += ["--artifacts", folder]
    for name in ("project_dir", "profiles_dir"):
        if getattr(settings, name):
            words += [f"--{name.replace('_', '-')}", getattr(settings, name)]
    return (
        f"state: {settings.run_type} compares with production, which has no complete run of the "
        f"whole graph in {place}; run once: {shlex.join(words)}; from then on {settings.run_type} "
        "builds what differs (run_type=incremental builds everything here instead)"
    )


def _built_what_is_newer(summary: dict[str, Any]) -> bool:
    """Whether a run checked the sources and then built everything behind newer ones."""
    return summary.get("status") == "success" and summary.get("commands") in _NEWER


def _is_full_graph(summary: dict[str, Any]) -> bool:
    return summary.get("status") == "success" and summary.get("commands") in _FULL_GRAPH


COMPARED = (_built_what_is_newer, _is_full_graph)
"""What a later run may compare with, by its summary."""
