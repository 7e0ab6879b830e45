"""What stays on this machine of artifacts that could not be stored."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from dbt_runner.redaction import clean
from dbt_runner.store.files import write_whole
from dbt_runner.store.publication import LEFT_OUT

_KEPT = frozenset({"commands", "logs"})


def keep(workspace: Path, secrets: frozenset[str]) -> bool:
    """Take away all but dbt's artifacts and logs, and the secrets in these.

    Args:
        workspace: a run's private folder, with the profile in it.

    Returns:
        Whether there is anything to keep.
    """
    try:
        for entry in list(workspace.iterdir()):
            if entry.name not in _KEPT:
                _remove(entry)
        for entry in list(workspace.glob("commands/*/*")):
            if entry.name in LEFT_OUT:
                _remove(entry)
        files = [file for file in workspace.rglob("*") if file.is_file()]
    except OSError:
        return False
    kept = [file for file in files if _keep_file(file, secrets)]
    return bool(kept)


def note(workspace: Path, summary: dict[str, Any]) -> None:
    """Put a run's summary beside what is kept, if there is room for it."""
    data = json.dumps(summary, ensure_ascii=False, default=str, indent=1).encode(errors="replace")
    with suppress(OSError):
        write_whole(workspace / "summary.json", data)


def _keep_file(file: Path, secrets: frozenset[str]) -> bool:
    try:
        data = file.read_bytes()
        cleaned = clean(data, secrets, is_json=False)
        if cleaned != data:
            file.write_bytes(cleaned)
    except OSError:
        # better none than one with a secret in it
        file.unlink(missing_ok=True)
        return False
    return True


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
