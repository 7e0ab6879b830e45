"""Parts of a template that only write text, whatever they decide on.

A limit for one schema, a year for each turn of a loop: that is text, and the text of a body is
rendered anew when its node is executed. So in such a part a decision makes the text differ from run
to run, and nothing else.

That has to hold for each way through the part, also for those that this parse does not take. So it
is told from the text of the template, which may call a few functions, and methods of texts and
dates, by way of names that hold such and nothing of dbt's (`Rules` sees to that).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

_STATEMENTS = (nodes.If, nodes.For, nodes.Output)
_METHODS = frozenset(
    name
    for kind in (str, dt.datetime, dt.timedelta)
    for name in dir(kind)
    if not name.startswith("_")
) | {
    *("compile", "fullmatch", "match", "search"),
    *("datetime", "localize", "timedelta", "timezone"),
}
"""What texts, dates and patterns can do, other than to call what they are handed; and what makes
them."""
_TEXTUAL = frozenset({"join", "lower", "replace", "string", "trim", "upper"})
"""Filters that give text."""
_OF_A_LOOP = frozenset({"depth", "depth0", "first", "index", "index0"})
"""What a loop can tell without looking ahead, which may use up what it goes through."""
_FUNCTIONS = frozenset({"env_var", "range", "var"})


@dataclass
class Free:
    """Names that a part takes from around it.

    Attributes:
        called: functions.
        held: whose methods are called, or those of their parts.
        read: all others.
        within: those that are taken within a loop, where Jinja may know a name that it does not
            know around the loop.
    """

    called: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    within: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """All of them, in an order."""
        return sorted(self.called | self.held | self.read)


def only_writes(node: nodes.Node, stored: AbstractSet[str]) -> Free | None:
    """What a statement takes from around it that only writes text; `None` if it may do more.

    Args:
        stored: names that its template gives a value to, anywhere.
    """
    if not isinstance(node, _STATEMENTS):
        return None
    free = Free()
    fits = _Reader(free).statement(node) and not free.within & stored
    return free if fits else None


class _Reader:
    def __init__(self, free: Free) -> None:
        self._free = free
        self._own: list[set[str]] = []

    def statement(self, node: nodes.Node) -> bool:
        """Whether a statement only writes."""
        if isinstance(node, nodes.For):
            return not node.recursive and self._loop(node)
        return isinstance(node, _STATEMENTS) and all(map(self._part, node.iter_child_nodes()))

    def _loop(self, loop: nodes.For) -> bool:
        if not all(map(self._part, (loop.iter, *loop.else_))):
            return False
        self._own.append(
            {name.name for name in loop.target.find_all(nodes.Name)} | _names(loop.target)
        )
        inner = (loop.test, *loop.body) if loop.test else loop.body
        fits = all(map(self._part, inner))
        self._own.pop()
        return fits

    def _takes(self, kind: set[str], name: str) -> bool:
        """Note a name; whether it is taken from around the part."""
        if any(name in own for own in self._own):
            return False
        kind.add(name)
        if self._own:
            self._free.within.add(name)
        return True

    def _part(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Stmt):
            return self.statement(node)
        if isinstance(node, nodes.Name):
            # as a whole, a loop could be gone through
            self._takes(self._free.read, node.name)
            return node.name != "loop"
        if isinstance(node, nodes.Getattr) and _is_loop(node.node):
            return bool(self._own) or node.attr in _OF_A_LOOP
        if isinstance(node, nodes.Call):
            return self._call(node)
        return all(map(self._part, node.iter_child_nodes()))

    def _call(self, call: Any) -> bool:
        if call.dyn_args is not None or call.dyn_kwargs is not None:
            return False
        if not all(map(self._part, (*call.args, *call.kwargs))):
            return False
        match call.node:
            case nodes.Name(name=name):
                return name in _FUNCTIONS and self._takes(self._free.called, name)
            case nodes.Getattr(node=nodes.Name(name="target"), attr="get"):
                return self._takes(self._free.held, "target")
            case nodes.Getattr(node=holder, attr=method):
                return method in _METHODS and self._holds(holder)
        return False

    def _holds(self, node: Any) -> bool:
        """Whether a text, a date or the like is what a method is called of."""
        match node:
            case nodes.Const() | nodes.TemplateData():
                fits = True
            case nodes.Name(name=name):
                fits = name != "loop" and self._takes(self._free.held, name)
            case nodes.Getattr():
                fits = self._holds(node.node)
            case nodes.Getitem():
                fits = self._holds(node.node) and self._part(node.arg)
            case nodes.Filter(name=name) if name in _TEXTUAL:
                fits = all(map(self._part, node.iter_child_nodes()))
            case nodes.Concat():
                fits = all(map(self._part, node.nodes))
            case nodes.Add() | nodes.Sub() | nodes.Or():
                fits = self._holds(node.left) and self._holds(node.right)
            case nodes.Call(node=nodes.Name()):
                # what stands in for a missing variable could be anything
                constant = (
                    all(isinstance(arg, nodes.Const) for arg in node.args) and not node.kwargs
                )
                fits = constant and self._call(node)
            case nodes.Call():
                fits = self._call(node)
            case _:
                fits = False
        return fits


def _names(target: nodes.Node) -> set[str]:
    return {target.name} if isinstance(target, nodes.Name) else set()


def _is_loop(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "loop"
