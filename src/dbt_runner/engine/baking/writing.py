"""Parts of a template that only write text, whatever they decide on.

A limit for one schema, a year for each turn of a loop: that is text, and the text of a body is
rendered anew when its node is executed. So in such a part a decision makes the text differ from run
to run, and nothing else.

That has to hold for each way through the part, also for those that this parse does not take. So it
is told from the text of the template, which may call a few functions, and methods of texts and
dates, by way of names that hold such and nothing of dbt's (`Free.holds`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

_STATEMENTS = (nodes.If, nodes.For, nodes.Output)
_METHODS = frozenset(
    name
    for kind in (str, dt.datetime, dt.timedelta)
    for name in dir(kind)
    if not name.startswith("_")
) | {"compile", "fullmatch", "match", "search"}
"""What texts and dates can do, and patterns, other than to call what they are handed."""
_TEXTUAL = frozenset({"lower", "replace", "string", "trim", "upper"})
"""Filters that give text."""
_LOOP = frozenset(
    {
        *("depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem"),
        *("revindex", "revindex0"),
    }
)
FUNCTIONS = frozenset({"env_var", "range", "var"})


@dataclass
class Free:
    """Names that a part takes from around it.

    Attributes:
        called: functions.
        held: whose methods are called, or those of their parts.
        read: all others.
    """

    called: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """All of them, in an order."""
        return sorted(self.called | self.held | self.read)


def only_writes(node: nodes.Node) -> Free | None:
    """What a statement takes from around it that only writes text; `None` if it may do more."""
    if not isinstance(node, _STATEMENTS):
        return None
    free = Free()
    own = {each.name for each in node.find_all(nodes.Name) if each.ctx == "store"}
    if not _Reader(free, own).statement(node):
        return None
    free.read -= own
    return free


class _Reader:
    def __init__(self, free: Free, own: set[str]) -> None:
        self._free = free
        self._own = own

    def statement(self, node: nodes.Node) -> bool:
        """Whether a statement only writes."""
        if not isinstance(node, _STATEMENTS) or (isinstance(node, nodes.For) and node.recursive):
            return False
        return all(map(self._part, node.iter_child_nodes()))

    def _part(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Stmt):
            return self.statement(node)
        if isinstance(node, nodes.Name):
            # as a whole, a loop could be gone through
            self._free.read.add(node.name)
            return node.name != "loop"
        if isinstance(node, nodes.Getattr) and _is_loop(node.node):
            return node.attr in _LOOP
        if isinstance(node, nodes.Call):
            return self._call(node)
        return all(map(self._part, node.iter_child_nodes()))

    def _call(self, call: Any) -> bool:
        if call.dyn_args is not None or call.dyn_kwargs is not None:
            return False
        if not all(map(self._part, (*call.args, *call.kwargs))):
            return False
        if isinstance(call.node, nodes.Name):
            self._free.called.add(call.node.name)
            return call.node.name in FUNCTIONS - self._own
        is_method = isinstance(call.node, nodes.Getattr) and call.node.attr in _METHODS
        return is_method and self._holder(call.node.node)

    def _holder(self, node: Any) -> bool:
        """Whether a text, a date or the like is what a method is called of."""
        match node:
            case nodes.Const() | nodes.TemplateData():
                return True
            case nodes.Name(name=name):
                self._free.held.add(name)
                return name not in self._own | {"loop"}
            case nodes.Getattr() | nodes.Getitem():
                return self._holder(node.node) and all(
                    map(self._part, list(node.iter_child_nodes())[1:])
                )
            case nodes.Filter(name=name) if name in _TEXTUAL:
                return self._holder(node.node) and all(map(self._part, (*node.args, *node.kwargs)))
            case nodes.Call():
                return self._call(node)
        return False


def _is_loop(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "loop"
