"""Where the values of a notebook's widgets go, by the names that carry them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SHOWS = frozenset(
    {"print", "display", "displayHTML", "log", "debug", "info", "warning", "error", "critical"}
)


def dotted(call: ast.Call) -> str:
    """The last two names of what is called: `notebook.exit`, or one name that stands alone."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        owner = function.value
        last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return f"{last}.{function.attr}"
    return ""


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """Every call in it."""
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def shows_widgets(tree: ast.AST) -> bool:
    """Whether a value that comes from a widget, however far, is printed or logged."""
    carriers: set[str] = set()
    nodes = list(ast.walk(tree))
    before = -1
    while len(carriers) > before:
        before = len(carriers)
        for node in nodes:
            carriers |= _carried_on(node, carriers)
    shown = [call for call in calls(tree) if dotted(call).rpartition(".")[2] in _SHOWS]
    parts = [part for call in shown for part in [*call.args, *call.keywords]]
    # a name that stands alone at the end of a cell is shown too
    parts += [n.value for n in nodes if isinstance(n, ast.Expr) and isinstance(n.value, ast.Name)]
    return any(_carries(part, carriers) for part in parts)


def _carries(node: ast.AST, carriers: set[str]) -> bool:
    """Whether something in it comes from a widget."""
    for found in ast.walk(node):
        if isinstance(found, ast.Name) and found.id in carriers:
            return True
        if isinstance(found, ast.Call):
            name = dotted(found)
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
