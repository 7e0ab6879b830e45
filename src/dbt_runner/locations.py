"""Folders of this machine that outlive a run but may be lost at any time."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def cache_folder() -> Path | None:
    """The user's cache (XDG base directory specification), or a temporary one without a home.

    Returns:
        `None` without a home where somebody else made the temporary folder, or may write into it:
        what lies there would be run.
    """
    return _folder("XDG_CACHE_HOME", ".cache")


def state_folder() -> Path | None:
    """What the user's programs remember (XDG base directory specification), found like the cache.

    Returns:
        `None` where there is no folder that is this user's alone.
    """
    return _folder("XDG_STATE_HOME", ".local/state")


def _folder(variable: str, below_home: str) -> Path | None:
    named = Path(os.environ.get(variable, ""))
    if named.is_absolute():
        return named / "dbt-runner"
    home = Path(os.environ.get("HOME", ""))
    if home.is_absolute():
        return home / below_home / "dbt-runner"
    folder = Path(tempfile.gettempdir()) / f"dbt-runner-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder if private and found.st_uid == os.getuid() else None
