"""What dbt is told: the words of its command line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_runner.run_types import Command
from dbt_runner.warehouse.connection import Connection

_NEVER_ERRORS = ["NoNodesForSelectionCriteria", "NothingToDo", "NoNodesSelected"]
"""Warnings about the selection, which we judge ourselves."""


@dataclass(frozen=True)
class Options:
    """What all invocations of a run share.

    Attributes:
        project: absolute path of the project.
        workspace: private folder on local disk for everything that dbt writes.
        state: folder with artifacts to compare with, absolute.
        patches: whether dbt is patched, as far as that is proven for what is installed.
    """

    project: Path
    connection: Connection
    workspace: Path
    threads: int
    variables: dict[str, Any] = field(default_factory=dict)
    fail_fast: bool = False
    warnings_are_errors: bool = False
    state: Path | None = None
    favor_state: bool = False
    log_level: str = "info"
    patches: bool = True

    def common_words(self, profiles_dir: Path, folder: Path) -> list[str]:
        """Options that every invocation gets: dbt keeps global flags from one to the next.

        Args:
            folder: target path.
        """
        words = [
            "--quiet",
            "--log-level=none",
            f"--log-level-file={'debug' if self.log_level == 'debug' else 'info'}",
            f"--log-path={self.workspace / 'logs'}",
            f"--project-dir={self.project}",
            f"--profiles-dir={profiles_dir}",
            f"--profile={self.connection.profile}",
            f"--target={self.connection.target}",
            f"--target-path={folder}",
            f"--threads={self.threads}",
            f"--vars={json.dumps(self.variables, ensure_ascii=False)}",
            "--no-send-anonymous-usage-stats",
            "--no-use-colors-file",
            "--fail-fast" if self.fail_fast else "--no-fail-fast",
        ]
        if self.warnings_are_errors:
            choice = {"error": "all", "warn": _NEVER_ERRORS}
            words.append(f"--warn-error-options={json.dumps(choice)}")
        return words

    def command_words(self, command: Command) -> list[str]:
        """A command with the options of its own."""
        words = command.name.split()
        if command.macro:
            words += [command.macro, f"--args={json.dumps(dict(command.arguments or {}))}"]
            return words
        for option in ("select", "exclude", "selector"):
            value = getattr(command, option)
            if value:
                words.append(f"--{option}={value}")
        if command.full_refresh:
            words.append("--full-refresh")
        return words + self._state_words(command)

    def _state_words(self, command: Command) -> list[str]:
        if command.repeats:
            words = [f"--state={command.repeats}", "--indirect-selection=empty"]
            words += [f"--defer-state={self.state}"] if self.state and command.defer else []
        elif self.state and command.needs_state:
            words = [f"--state={self.state}"]
        else:
            return []
        if command.defer and command.name != "source freshness":
            words.append("--defer")
            words.append("--favor-state" if self.favor_state else "--no-favor-state")
        return words
