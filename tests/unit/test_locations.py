"""Folders that outlive a run but may be lost."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from dbt_runner.locations import cache_folder

TEMPORARY = Path(tempfile.gettempdir()) / f"dbt-runner-{os.getuid()}"


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        pytest.param({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, Path("/x/dbt-runner"), id="named"),
        pytest.param({"HOME": "/h"}, Path("/h/.cache/dbt-runner"), id="home"),
        pytest.param(
            {"XDG_CACHE_HOME": "x", "HOME": "/h"}, Path("/h/.cache/dbt-runner"), id="relative"
        ),
        pytest.param({"HOME": ""}, TEMPORARY, id="no-home"),
        pytest.param({"HOME": "h"}, TEMPORARY, id="relative-home"),
    ],
)
def test_cache_folder(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], folder: Path
) -> None:
    """The cache is where the XDG specification puts it, else the user's own temporary folder."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == folder
