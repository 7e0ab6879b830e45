"""The private folder of a run on local disk: everything that dbt writes goes there first."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dbt_runner.errors import ProjectError
from dbt_runner.run_types import Command


class Workspace:
    """A folder that only this run knows, made on creation.

    Raises:
        ProjectError: there is no place for it.
    """

    def __init__(self) -> None:
        try:
            # dbt resolves links in some paths and not in others
            self.folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="dbt-runner-")))
        except OSError as error:
            msg = f"TMPDIR: no temporary folder can be made: {error.strerror or error}"
            raise ProjectError(msg) from error

    @property
    def parse(self) -> Path:
        """Where the project is parsed."""
        return self.folder / "parse"

    def command(self, number: int, command: Command) -> Path:
        """The target path of one command, such as `commands/01-build`."""
        return self.folder / "commands" / f"{number + 1:02}-{command.name.replace(' ', '-')}"

    def selection(self, number: int) -> Path:
        """Where the nodes stand that are to be executed of one command, and no others."""
        return self.folder / "selections" / f"{number + 1:02}"
