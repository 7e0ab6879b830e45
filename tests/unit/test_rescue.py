"""What is kept of artifacts that could not be stored."""

from __future__ import annotations

import json
from pathlib import Path

from dbt_runner.store import rescue

CANARY = frozenset({"canary-0123"})


def workspace(folder: Path) -> Path:
    """A run's private folder, with a secret in each file."""
    for name in (
        "profiles/profiles.yml",
        "parse/partial_parse.msgpack",
        "commands/01-build/partial_parse.msgpack",
        "commands/01-build/run/a.sql",
        "commands/01-build/manifest.json",
        "commands/01-build/compiled/run/a.sql",
        "logs/dbt.log",
    ):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('{"is": "canary-0123"}')
    return folder


def test_only_artifacts_are_kept_and_no_secret(tmp_path: Path) -> None:
    """The profile and what dbt left for itself go; in what stays no secret is left."""
    folder = workspace(tmp_path)
    assert rescue.keep(folder, CANARY)
    rescue.note(folder, {"status": "error"})
    files = {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}
    assert sorted(files) == [
        "commands/01-build/compiled/run/a.sql",
        "commands/01-build/manifest.json",
        "logs/dbt.log",
        "summary.json",
    ]
    assert "canary" not in str(files)
    assert json.loads(files["summary.json"]) == {"status": "error"}


def test_nothing_to_keep(tmp_path: Path) -> None:
    """A run that left nothing, or whose folder is gone, keeps nothing."""
    (tmp_path / "profiles").mkdir()
    assert not rescue.keep(tmp_path, CANARY)
    assert not rescue.keep(tmp_path / "gone", CANARY)
    rescue.note(tmp_path / "gone", {})
