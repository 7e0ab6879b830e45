"""dbt's saved parse state of earlier runs on this machine.

Each run has a private target path, and without a saved state there dbt parses the whole project.
dbt itself decides whether a state fits (`is_partial_parsable` in dbt/parser/manifest.py); one that
is broken or of another version only costs a full parse.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from dbt_runner.locations import cache_folder

FILE_NAME = "partial_parse.msgpack"
KEPT = 32


class ParseCache:
    """The saved state of one project in one place.

    Args:
        key: what a parse depends on: flags of dbt, project folder, target, catalog, schema,
            variables. The flags are part of it because dbt does not check them; the folder, because
            dbt keeps the absolute path of seeds in the state.
    """

    def __init__(self, *key: object) -> None:
        digest = hashlib.sha256(repr(key).encode("utf-8", "backslashreplace")).hexdigest()
        folder = cache_folder()
        self._file = folder / "parse" / f"{digest[:32]}.msgpack" if folder else None

    def restore(self, folder: Path) -> None:
        """Put the saved state where dbt looks for it; without one, do nothing."""
        folder.mkdir(parents=True, exist_ok=True)
        if self._file is None:
            return
        try:
            shutil.copyfile(self._file, folder / FILE_NAME)
        except OSError:
            (folder / FILE_NAME).unlink(missing_ok=True)

    def keep(self, folder: Path) -> str | None:
        """Save what dbt left in a folder, and forget the oldest states.

        Returns:
            Why it could not be saved; `None` if it was, or if there is nothing to save.
        """
        state = folder / FILE_NAME
        if not state.is_file():
            return None
        if self._file is None:
            return "there is no folder of the user's own"
        saved = self._file.parent
        try:
            saved.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=saved, suffix=".draft")
            os.close(handle)
            draft = Path(name)
            try:
                shutil.copyfile(state, draft)
                draft.replace(self._file)
            except OSError:
                draft.unlink()
                raise
            _forget_oldest(saved)
        except OSError as error:
            return str(error)
        return None


def _forget_oldest(folder: Path) -> None:
    states = sorted(folder.glob("*.msgpack"), key=lambda file: file.stat().st_mtime)
    for old in states[:-KEPT]:
        old.unlink(missing_ok=True)
