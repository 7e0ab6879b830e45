"""The content of a notebook's file, and the places in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dbt_runner.bundle import notebook, notebook_code
from dbt_runner.bundle.notebook import Cell
from dbt_runner.bundle.notebook_code import Code
from dbt_runner.bundle.value import Place


@dataclass(frozen=True)
class Content:
    """A notebook's file, read."""

    file: Path
    cells: list[Cell]
    text: str
    numbers: list[int]
    code: Code | None

    def place(self, line: int) -> Place:
        """The place of a line of the joined Python."""
        return Place(str(self.file), None if self.file.suffix == ".ipynb" else line)

    def where(self, line: int) -> str:
        """What a message has to add to the place: the cell, where there are no lines."""
        if self.file.suffix != ".ipynb":
            return ""
        return f" in cell {self.numbers[line - 1]}"


@cache
def read(file: Path) -> Content | None:
    """Read a notebook; None where it cannot be read as one."""
    cells = notebook.read(file)
    if cells is None:
        return None
    text, numbers = notebook_code.join(cells)
    has_python = any(cell.language == "python" and cell.text.strip() for cell in cells)
    return Content(file, cells, text, numbers, notebook_code.read(text) if has_python else None)
