"""Parts of a template as they are written, for messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes


def spelled(node: nodes.Node) -> str:
    """A part of a template, roughly as it is written."""
    for kind, spell in _SPELLINGS:
        if isinstance(node, kind):
            return spell(node)
    return "…"


def _all(parts: Iterable[nodes.Node]) -> str:
    return ", ".join(spelled(part) for part in parts)


_OPERATORS = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}

_SPELLINGS: tuple[tuple[type[nodes.Node], Callable[[Any], str]], ...] = (
    (nodes.Name, lambda node: str(node.name)),
    (nodes.Const, lambda node: repr(node.value)),
    (nodes.Getattr, lambda node: f"{spelled(node.node)}.{node.attr}"),
    (nodes.Getitem, lambda node: f"{spelled(node.node)}[{spelled(node.arg)}]"),
    (nodes.EnvironmentAttribute, lambda _: "…"),
    (nodes.Call, lambda node: f"{spelled(node.node)}({_all(node.args)})"),
    (nodes.Filter, lambda node: f"{spelled(node.node)} | {node.name}"),
    (nodes.Compare, lambda node: f"{spelled(node.expr)} {' '.join(map(spelled, node.ops))}"),
    (nodes.Operand, lambda node: f"{_OPERATORS.get(node.op, node.op)} {spelled(node.expr)}"),
    (nodes.List, lambda node: f"[{_all(node.items)}]"),
    (nodes.Tuple, lambda node: f"({_all(node.items)})"),
)
