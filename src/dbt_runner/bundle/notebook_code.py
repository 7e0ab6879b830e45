"""What a notebook's Python does with parameters, failures and other notebooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dbt_runner.bundle.notebook import Cell
from dbt_runner.bundle.widget_values import calls, dotted, shows_widgets

_MAKERS = frozenset({"text", "dropdown", "combobox", "multiselect"})
_READERS = frozenset({"get", "getArgument"})
_LINE_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)


@dataclass
class Code:
    """Facts about the Python of a notebook; lines count from its first cell's first line.

    Attributes:
        made: widgets that it makes.
        read: widget → line of its first reading.
        reads_any: it reads widgets whose names are not written out.
        argparse: line of its import.
        exits: lines of dbutils.notebook.exit in except clauses.
        nested: lines of dbutils.notebook.run.
        shows_parameters: something that comes from a widget is printed or logged.
    """

    made: set[str] = field(default_factory=set)
    read: dict[str, int] = field(default_factory=dict)
    reads_any: bool = False
    argparse: int | None = None
    exits: list[int] = field(default_factory=list)
    nested: list[int] = field(default_factory=list)
    shows_parameters: bool = False


def join(cells: Iterable[Cell]) -> tuple[str, list[int]]:
    """The Python cells as one text, and for each of its lines the number of its cell.

    Lines stay where they are in a source file; magics within a cell become `pass`.
    """
    lines: list[str] = []
    numbers: list[int] = []
    for cell in cells:
        if cell.line is not None:
            lines += [""] * (cell.line - 1 - len(lines))
        if cell.language == "python":
            # a source file has its magics in comments
            text = cell.text if cell.line else _LINE_MAGIC.sub(r"\1pass", cell.text)
            lines += text.split("\n")
        numbers += [cell.number] * (len(lines) - len(numbers))
    return "\n".join(lines), numbers


def read(text: str) -> Code | None:
    """Look at the code; None where it is not Python that can be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    code = Code()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _import(node, code)
        elif isinstance(node, ast.Call):
            _call(node, code)
        elif isinstance(node, ast.ExceptHandler):
            code.exits += [call.lineno for call in calls(node) if dotted(call) == "notebook.exit"]
    code.exits = sorted(set(code.exits))
    code.nested.sort()
    code.shows_parameters = shows_widgets(tree)
    return code


def _import(node: ast.Import | ast.ImportFrom, code: Code) -> None:
    names = (
        [alias.name for alias in node.names]
        if isinstance(node, ast.Import)
        else [node.module or ""]
    )
    if "argparse" in names:
        code.argparse = min(node.lineno, code.argparse or node.lineno)


def _call(node: ast.Call, code: Code) -> None:
    name = dotted(node)
    if name == "notebook.run":
        code.nested.append(node.lineno)
    if name == "widgets.getAll":
        code.reads_any = True
    owner, _, method = name.rpartition(".")
    if owner != "widgets" and name != "getArgument":
        return
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
    first = given[0] if given else None
    widget = first.value if isinstance(first, ast.Constant) else None
    if method in _MAKERS and isinstance(widget, str):
        code.made.add(widget)
    elif method in _READERS and isinstance(widget, str):
        line = code.read.get(widget, node.lineno)
        code.read[widget] = min(line, node.lineno)
        if method == "getArgument" and len(given) > 1:
            code.made.add(widget)  # it brings its default
    elif method in _READERS | _MAKERS:
        code.reads_any = True
