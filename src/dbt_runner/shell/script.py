"""The script that a task names."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from dbt_runner.argv import Arguments, printable
from dbt_runner.errors import SettingsError
from dbt_runner.parameters import absolute_path
from dbt_runner.settings import reject_unresolved

NAME = "script"
_DBFS_URL = re.compile(r"dbfs:", re.IGNORECASE)
_DBFS_FOLDER = "/dbfs/"
_BETTER = "put the script into the workspace (/Workspace/…) or on a volume (/Volumes/…)"


def find(arguments: Arguments) -> Path:
    """The script of a command line: the absolute path of a file that can be read.

    Raises:
        SettingsError: it is missing, named twice, or no such file.
    """
    if NAME in arguments.repeated:
        msg = f"{NAME}: given more than once; a job's parameter never chooses the script"
        raise SettingsError(msg)
    text = arguments.values.get(NAME, "")
    if not text:
        msg = f"{NAME}: is missing; give the absolute path of a bash script, /Workspace/…"
        raise SettingsError(msg)
    reject_unresolved(NAME, text)
    path = _path(text)
    try:
        if not path.is_file():
            what = "is no regular file" if path.exists() else "does not exist"
            msg = f"{NAME}: {printable(text)} {what}"
            raise SettingsError(msg)
        path.open("rb").close()
    except OSError as error:
        msg = f"{NAME}: {printable(text)} cannot be read: {error.strerror or error}"
        raise SettingsError(msg) from error
    return path


def copy(path: Path, folder: Path) -> Path:
    """Copy a script, by its name, into a private folder.

    Bash reads a script as it goes, so a redeployment would have it go on within the new one.

    Raises:
        SettingsError: it cannot be copied.
    """
    place = folder / NAME / path.name
    try:
        place.parent.mkdir()
        shutil.copyfile(path, place)
    except OSError as error:
        msg = f"{NAME}: {printable(str(path))} cannot be copied: {error.strerror or error}"
        raise SettingsError(msg) from error
    return place


def remark(script: Path) -> str | None:
    """What is to be said about the place of a script."""
    if str(script).startswith(_DBFS_FOLDER):
        return f"DBFS is legacy, and new workspaces have none; {_BETTER}"
    return None


def _path(text: str) -> Path:
    if _DBFS_URL.match(text):
        msg = f"{NAME}: {printable(text)} lies on DBFS, which is legacy; {_BETTER}"
        raise SettingsError(msg)
    try:
        path = Path(absolute_path(text))
    except ValueError as error:
        msg = f"{NAME}: {error}, got {printable(text)}"
        raise SettingsError(msg) from None
    if not os.path.isabs(text):  # noqa: PTH117 - the text itself, with ~ as it is
        msg = f"{NAME}: must be absolute, got {printable(text)}"
        raise SettingsError(msg)
    return path
