"""Python environments of tasks, from their job's dependencies, without a network.

A job's environment or a task's libraries are installed as they stand, with uv from a folder of
wheels, into one virtual environment for each set of dependencies. DuckDB's packages come beside our
wheel, since no job of ours asks for them. The Python is the bench's own: versions of environments
and clusters are not looked at.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EXTRA = ("dbt-duckdb", "tpchgen-cli")


class LibraryError(Exception):
    """A dependency could not be installed."""


class Environments:
    """Makes and keeps them.

    Args:
        folder: where they come to lie.
        uv: the program.
        wheels: folder with a wheel of everything that ours needs.
    """

    def __init__(self, folder: Path, uv: str, wheels: Path) -> None:
        self._folder, self._uv, self._wheels = folder, uv, wheels
        self._lock = threading.Lock()

    def python(self, dependencies: Sequence[str]) -> Path:
        """The interpreter of the environment with these dependencies.

        Raises:
            LibraryError: one cannot be installed.
        """
        digest = hashlib.sha256()
        for line in sorted(set(dependencies)):
            file = Path(line.removeprefix("-r").strip())
            digest.update(line.encode() + (file.read_bytes() if file.is_file() else b""))
        place = self._folder / digest.hexdigest()[:16]
        with self._lock:
            if not (place / "complete").exists():
                self._make(place, sorted(set(dependencies)))
        return place / "bin/python"

    def _make(self, place: Path, dependencies: Sequence[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lines = place.with_suffix(".txt")
        extra = EXTRA if any("dbt_runner" in line for line in dependencies) else ()
        lines.write_text("\n".join([*dependencies, *extra, ""]), encoding="utf-8")
        offline = ("--offline", "--no-index", "--find-links", str(self._wheels))
        self._call("venv", "--clear", "--python", sys.executable, str(place))
        self._call("pip", "install", *offline, "--python", str(place), "-r", str(lines))
        (place / "complete").touch()

    def _call(self, *words: str) -> None:
        done = subprocess.run(
            [self._uv, *words, "--quiet"], capture_output=True, check=False, encoding="utf-8"
        )
        if done.returncode:
            msg = f"library installation failed: {done.stderr.strip()}"
            raise LibraryError(msg)


def dependencies(task: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Lines of requirements of a task: its environment's, or its libraries'."""
    for item in settings.get("environments", ()):
        if item["environment_key"] == task.get("environment_key"):
            return list(item["spec"].get("dependencies", ()))
    found = []
    for library in task.get("libraries", ()):
        [(kind, value)] = library.items()
        if kind == "requirements":
            found.append(f"-r {value}")
        else:
            found.append(value["package"] if kind == "pypi" else value)
    return found


def variables(task: Mapping[str, Any], python: Path, home: Path) -> dict[str, str]:
    """What the process of a task inherits: nothing of the server's own, and no credentials.

    Databricks' variables: docs: compute/serverless, init-scripts/environment-variables.
    """
    serverless = "environment_key" in task
    return {
        "PATH": os.pathsep.join([str(python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "DATABRICKS_RUNTIME_VERSION": "client.4.9" if serverless else "16.4",
        **({"IS_SERVERLESS": "TRUE"} if serverless else {"DB_IS_DRIVER": "TRUE"}),
    }
