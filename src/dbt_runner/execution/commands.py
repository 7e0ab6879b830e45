"""The dbt commands of a run: its run type, with what the run's settings add."""

from __future__ import annotations

from dataclasses import replace

from dbt_runner.errors import SettingsError
from dbt_runner.run_types import Command, RunType
from dbt_runner.settings import Settings


def commands(run_type: RunType, settings: Settings) -> tuple[Command, ...]:
    """Apply the selection and `full_refresh` of the settings to a run type's commands.

    Raises:
        SettingsError: the run type fixes the selection, has nothing to refresh, or nothing
            to prune.
    """
    chosen = tuple(_with_selection(command, run_type, settings) for command in run_type.commands)
    if settings.full_refresh:
        refreshed = tuple(command.refreshed() for command in chosen)
        if refreshed == chosen and not any(command.full_refresh for command in chosen):
            msg = f"full_refresh: the run type {run_type.name} builds nothing to refresh"
            raise SettingsError(msg)
        chosen = refreshed
    if settings.defer and any(command.needs_previous for command in chosen):
        msg = f"defer: the run type {run_type.name} compares sources, not production; leave it out"
        raise SettingsError(msg)
    if settings.defer:
        chosen = tuple(replace(command, defer=not command.macro) for command in chosen)
    if settings.prune and not any(command.builds_apart for command in chosen):
        msg = (
            f"prune: the run type {run_type.name} does not build a part and defer the rest to "
            "production, so nothing is left over; leave prune out"
        )
        raise SettingsError(msg)
    return chosen


def _with_selection(command: Command, run_type: RunType, settings: Settings) -> Command:
    if command.macro:
        given = next((n for n in ("select", "exclude", "selector") if getattr(settings, n)), None)
        if given and all(c.macro for c in run_type.commands):
            msg = f"{given}: the run type {run_type.name} selects no nodes"
            raise SettingsError(msg)
        return command
    for name in ("select", "selector"):
        if getattr(settings, name) and (command.select or command.selector):
            msg = f"{name}: the run type {run_type.name} fixes what it selects; leave {name} out"
            raise SettingsError(msg)
    return replace(
        command,
        select=settings.select or command.select,
        exclude=" ".join(filter(None, (command.exclude, settings.exclude))) or None,
        selector=settings.selector or command.selector,
    )
