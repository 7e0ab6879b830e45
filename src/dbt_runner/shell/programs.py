"""The wheel's programs as commands of a script."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_MAIN = {
    "dbt": "from dbt.cli.main import cli as main",
    "dbt-runner": "from dbt_runner.cli import main",
}
_INTERPRETERS = ("python", "python3")


def write(folder: Path) -> Path:
    """Write a command for each program, which runs it by the interpreter of this process.

    The folder of that interpreter need not hold them: a cluster's library lies elsewhere.

    Args:
        folder: private.

    Returns:
        The folder for `PATH`.
    """
    place = folder / "bin"
    place.mkdir()
    for name in _INTERPRETERS:
        _write(place / name, [sys.executable])
    for name, main in _MAIN.items():
        code = f"import sys; sys.argv[0] = {name!r}; {main}; sys.exit(main())"
        # -P: no module of the working directory gets in the way
        _write(place / name, [sys.executable, "-P", "-c", code])
    return place


def _write(file: Path, words: list[str]) -> None:
    file.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    file.chmod(0o700)
