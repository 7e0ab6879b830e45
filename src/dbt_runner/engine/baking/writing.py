"""Parts of a template that only write text, whatever they decide on.

A limit for one schema, a year for each turn of a loop: that is text, and the text of a body is
rendered anew when its node is executed. So in such a part a decision makes the text differ from run
to run, and nothing else.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from jinja2 import nodes

_STATEMENTS = (nodes.If, nodes.For, nodes.Output)
_METHODS = frozenset(
    name
    for kind in (str, dt.datetime, dt.timedelta, re.Pattern)
    for name in dir(kind)
    if not name.startswith("_")
)
"""What texts, dates and patterns can do, and nothing of dbt."""
_FUNCTIONS = frozenset({"env_var", "range", "var"})


def only_writes(node: nodes.Node) -> bool:
    """Whether a statement sets nothing and calls nothing that a parse keeps, in any of its ways."""
    if not isinstance(node, _STATEMENTS):
        return False
    if isinstance(node, nodes.For) and node.recursive:
        return False
    return all(_within(child) for child in node.iter_child_nodes())


def _within(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Stmt):
        return only_writes(node)
    if isinstance(node, nodes.Call) and not _is_pure(node):
        return False
    return all(_within(child) for child in node.iter_child_nodes())


def _is_pure(call: Any) -> bool:
    if call.dyn_args is not None or call.dyn_kwargs is not None:
        return False
    if isinstance(call.node, nodes.Getattr):
        return call.node.attr in _METHODS
    return isinstance(call.node, nodes.Name) and call.node.name in _FUNCTIONS
