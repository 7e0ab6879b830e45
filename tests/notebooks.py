"""Runs a notebook in Databricks' source format as a job does, as far as ours go.

`python notebooks.py NOTEBOOK PARAMETERS` with the parameters as a JSON object. What the notebook
exits with is the last line on standard output; a cell that fails ends the process with a traceback.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

HEADER = "# Databricks notebook source\n"
SEPARATOR = "# COMMAND ----------"
MAGIC = "# MAGIC"
EXITED = "notebook exited with: "


@dataclass(frozen=True)
class Cell:
    """One cell: Python without a magic, else the magic's first line and the text below it."""

    magic: str
    text: str


class NotebookExit(BaseException):
    """The notebook ends here, in success."""


@dataclass
class Widgets:
    """`dbutils.widgets`; a job's parameters come before defaults."""

    parameters: dict[str, str]
    defaults: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def text(self, name: str, default: str) -> None:
        """A widget for any text."""
        self.defaults[name] = default

    def dropdown(self, name: str, default: str, choices: list[str]) -> None:
        """A widget for one of some texts."""
        for value in (default, self.parameters.get(name, default)):
            if value not in choices:
                msg = f"{value!r} is no choice of the widget {name}"
                raise ValueError(msg)
        self.defaults[name] = default
        self.choices[name] = choices

    def get(self, name: str) -> str:
        """What was chosen."""
        return self.parameters[name] if name in self.parameters else self.defaults[name]


class Notebook:
    """`dbutils.notebook`."""

    def exit(self, value: str) -> NoReturn:
        """End in success."""
        raise NotebookExit(value)


class Dbutils:
    """`dbutils`, as much of it as a notebook of ours uses."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.widgets = Widgets(parameters)
        self.notebook = Notebook()


def cells(source: str) -> list[Cell]:
    """Take a notebook apart.

    Raises:
        ValueError: it is none.
    """
    if not source.startswith(HEADER):
        msg = f"a notebook begins with {HEADER!r}"
        raise ValueError(msg)
    return [_cell(part) for part in source.removeprefix(HEADER).split(SEPARATOR)]


def run(path: Path, parameters: dict[str, str]) -> str | None:
    """Run all cells; what the notebook exits with."""
    dbutils = Dbutils(parameters)
    namespace: dict[str, Any] = {"dbutils": dbutils, "__name__": "__main__"}
    for number, cell in enumerate(cells(path.read_text(encoding="utf-8")), 1):
        try:
            _execute(cell, namespace, f"{path.name}, cell {number}")
        except NotebookExit as end:
            return str(end)
    return None


def _cell(part: str) -> Cell:
    lines = part.strip("\n").splitlines()
    magics = [line for line in lines if line.startswith(MAGIC)]
    if not magics:
        return Cell("", "\n".join(lines))
    if magics != lines:
        msg = f"a cell is either Python or a magic: {lines}"
        raise ValueError(msg)
    first, *rest = (line.removeprefix(MAGIC).removeprefix(" ") for line in lines)
    return Cell(first.strip(), "\n".join(rest))


def _execute(cell: Cell, namespace: dict[str, Any], name: str) -> None:
    if not cell.magic:
        exec(compile(cell.text, name, "exec"), namespace)  # noqa: S102 - what a notebook is for
    elif cell.magic in {"%sh", "%sh -e"}:
        flags = cell.magic.split()[1:]
        sys.stdout.flush()
        done = subprocess.run(["bash", *flags, "-c", cell.text], check=False)
        # without -e a shell cell never fails (docs: notebooks-code)
        if flags and done.returncode:
            raise subprocess.CalledProcessError(done.returncode, cell.magic)
    elif cell.magic != "%md":
        raise NotImplementedError(cell.magic)


if __name__ == "__main__":
    value = run(Path(sys.argv[1]), json.loads(sys.argv[2]))
    sys.stdout.write(f"{EXITED}{value}\n")
