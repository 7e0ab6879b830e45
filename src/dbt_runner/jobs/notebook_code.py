"""What a notebook's Python does with parameters, failures and other notebooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dbt_runner.jobs.notebook import Cell

_MAKERS = frozenset({"text", "dropdown", "combobox", "multiselect"})
_READERS = frozenset({"get", "getArgument"})
_SHOWS = frozenset(
    {"print", "display", "displayHTML", "log", "debug", "info", "warning", "error", "critical"}
)
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
            code.exits += [call.lineno for call in _calls(node) if _dotted(call) == "notebook.exit"]
    code.exits = sorted(set(code.exits))
    code.nested.sort()
    code.shows_parameters = _shows(tree)
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
    name = _dotted(node)
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


def _dotted(call: ast.Call) -> str:
    """The last two names of what is called: `notebook.exit`, or one name that stands alone."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        owner = function.value
        last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return f"{last}.{function.attr}"
    return ""


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def _shows(tree: ast.AST) -> bool:
    """Whether a value that comes from a widget, however far, is printed or logged."""
    carriers: set[str] = set()
    nodes = list(ast.walk(tree))
    before = -1
    while len(carriers) > before:
        before = len(carriers)
        for node in nodes:
            carriers |= _carried_on(node, carriers)
    shown = [call for call in _calls(tree) if _dotted(call).rpartition(".")[2] in _SHOWS]
    parts = [part for call in shown for part in [*call.args, *call.keywords]]
    return any(_carries(part, carriers) for part in parts)


def _carries(node: ast.AST, carriers: set[str]) -> bool:
    """Whether something in it comes from a widget."""
    for found in ast.walk(node):
        if isinstance(found, ast.Name) and found.id in carriers:
            return True
        if isinstance(found, ast.Call):
            name = _dotted(found)
            if name.startswith("widgets.get") or name in {"getArgument", "locals", "vars"}:
                return True
    return False


def _carried_on(node: ast.AST, carriers: set[str]) -> set[str]:
    """The names that a function or an assignment makes carriers of a widget's value."""
    if isinstance(node, ast.FunctionDef):
        return {node.name} if _carries(node, carriers) else set()
    if isinstance(node, ast.For):
        value, targets = node.iter, [node.target]
    elif isinstance(node, ast.Assign):
        value, targets = node.value, node.targets
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        value, targets = node.value, [node.target]
    else:
        return set()
    if not _carries(value, carriers):
        return set()
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
