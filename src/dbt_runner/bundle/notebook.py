"""A notebook's cells, from a source file (.py, .sql, .scala, .r) or from .ipynb."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dbt_runner.bundle.value import from_plain

EXTENSIONS = (".py", ".ipynb", ".sql", ".scala", ".r", ".R")
COMMENT = {".py": "#", ".r": "#", ".R": "#", ".sql": "--", ".scala": "//"}
_LANGUAGE = {".py": "python", ".r": "r", ".R": "r", ".sql": "sql", ".scala": "scala"}
_MAGIC = re.compile(r"\s*%%?([a-z]+)\b[ \t]*(.*)")
_LANGUAGES = frozenset({"python", "sql", "scala", "r", "sh", "bash", "md", "run", "pip", "fs"})


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        language: of its text: `python`, `sql`, `sh`, `md`, or a magic such as `run` or `pip`.
        argument: what stands behind the magic in its line.
        text: without the magic.
        line: of the file where the cell begins; None in .ipynb.
        number: of the cell, from 1.
    """

    language: str
    argument: str
    text: str
    line: int | None
    number: int


def read(file: Path) -> list[Cell] | None:
    """The cells of a notebook; None where the file is not readable as one."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix == ".ipynb":
            return list(_jupyter(json.loads(text)))
    except (OSError, ValueError, RecursionError):
        return None
    return list(_source(text, file.suffix))


def _source(text: str, suffix: str) -> Iterator[Cell]:
    """Databricks' source format: cells between COMMAND lines, magics behind MAGIC."""
    comment, default = COMMENT.get(suffix, "#"), _LANGUAGE.get(suffix, "python")
    separator, magic = f"{comment} COMMAND ----------", f"{comment} MAGIC"
    cells: list[tuple[int, list[str]]] = [(1, [])]
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip() == separator:
            cells.append((number + 1, []))
        else:
            cells[-1][1].append(line.rstrip("\r"))
    for number, (first, lines) in enumerate(cells, 1):
        held = [i for i, line in enumerate(lines) if line.startswith(magic)]
        if not held:
            yield Cell(default, "", "\n".join(lines), first, number)
            continue
        body = [lines[i].removeprefix(magic).removeprefix(" ") for i in held]
        yield _with_magic("\n".join(body), default, first + held[0], number)


def _jupyter(parsed: object) -> Iterator[Cell]:
    found = from_plain(parsed, "")
    default = found.at("metadata", "language_info", "name").text or "python"
    for number, cell in enumerate(found.at("cells").elements(), 1):
        source = cell.at("source")
        text = source.text or "".join(line.text for line in source.elements())
        if cell.at("cell_type").text == "code":
            yield _with_magic(text, default, None, number)


def _with_magic(text: str, default: str, line: int | None, number: int) -> Cell:
    """A cell by the magic that its first line may begin with."""
    found = _MAGIC.match(text)
    if not found or found[1] not in _LANGUAGES:
        return Cell(default, "", text, line, number)
    language = "sh" if found[1] == "bash" else found[1]
    return Cell(language, found[2].strip(), text[found.end() :], line, number)
