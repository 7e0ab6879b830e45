"""Folders that outlive a run but may be lost."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from dbt_runner.locations import cache_folder

OWN = f"dbt-runner-{os.getuid()}"


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        pytest.param({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, Path("/x/dbt-runner"), id="named"),
        pytest.param({"HOME": "/h"}, Path("/h/.cache/dbt-runner"), id="home"),
        pytest.param(
            {"XDG_CACHE_HOME": "x", "HOME": "/h"}, Path("/h/.cache/dbt-runner"), id="relative"
        ),
        pytest.param({"HOME": ""}, None, id="no-home"),
        pytest.param({"HOME": "h"}, None, id="relative-home"),
    ],
)
def test_cache_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environ: dict[str, str], folder: Path | None
) -> None:
    """The cache is where the XDG specification puts it, else the user's own temporary folder."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == (folder or tmp_path / OWN)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder for temporary files of a process without a home."""
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("mode", "usable"),
    [(0o700, True), (0o755, True), (0o770, False), (0o702, False), (0o777, False)],
)
def test_temporary_cache_is_not_used_where_others_may_write(
    temporary: Path, mode: int, usable: bool
) -> None:
    """What others may write into would be run, so there is no cache then."""
    folder = temporary / OWN
    folder.mkdir()
    folder.chmod(mode)
    assert cache_folder() == (folder if usable else None)


def test_temporary_cache_of_somebody_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    """A folder that another user made in advance is none of ours."""
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    monkeypatch.setattr(os, "geteuid", lambda: other)
    (temporary / f"dbt-runner-{other}").mkdir(mode=0o700)
    assert cache_folder() is None


@pytest.mark.parametrize("kind", ["link", "file"])
def test_temporary_cache_is_a_folder_itself(temporary: Path, kind: str) -> None:
    """A link that somebody laid, or a file, is no cache."""
    (temporary / "elsewhere").mkdir(mode=0o700)
    if kind == "link":
        (temporary / OWN).symlink_to(temporary / "elsewhere")
    else:
        (temporary / OWN).touch()
    assert cache_folder() is None
