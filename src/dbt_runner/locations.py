"""Folders of this machine that outlive a run but may be lost at any time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache (XDG base directory specification), or the temporary one without a home.

    The temporary one carries the user's number, since other users write beside it.
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named / "dbt-runner"
    home = Path(os.environ.get("HOME", ""))
    if home.is_absolute():
        return home / ".cache" / "dbt-runner"
    return Path(tempfile.gettempdir()) / f"dbt-runner-{os.getuid()}"
