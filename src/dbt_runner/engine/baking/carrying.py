"""Which functions carry a name: hand on what they take, or hold it whole, and look at nothing."""

from __future__ import annotations

import re
from typing import Any

from dbt_runner.engine.baking.containers import Keyed
from dbt_runner.engine.baking.marks import Derived, DerivedList
from dbt_runner.engine.baking.origins import Origins

_WHOLE = re.compile(r"(\{\w*\}|\{\{|\}\}|%s|%\(\w+\)s|%%|[^{}%])*")
"""Formats that insert text as it is: without a width, a precision, a conversion or a lookup."""

_OF_LISTS = frozenset({"append", "clear", "copy", "extend", "insert", "pop", "reverse"})
_AT_A_PLACE = frozenset({"insert", "pop"})
_OF_MAPPINGS = frozenset({"copy", "get", "items", "keys", "pop", "setdefault", "update", "values"})
_LOOKUPS = frozenset({"get", "pop", "setdefault"})

_OF_RELATIONS = frozenset(
    {
        "build_catalog_relation",
        "create",
        "create_from",
        "get",
        "include",
        "incorporate",
        "quote",
        "quote_as_configured",
        "render",
        "replace_path",
        "without_identifier",
    }
)
"""Methods of relations and adapters that carry names: dbt/adapters/base/relation.py, impl.py."""

_ZIPS = frozenset({"zip", "zip_strict"})
_CARRYING = frozenset({"log", "print", "return"}) | _ZIPS
"""Functions of dbt/context/base.py that hand on what they take."""


class Carrying:
    """Tells them from others.

    Args:
        origins: tells what a value was made of.
        keyed: is told of mappings in which a key is looked for.

    Attributes:
        relations: classes of objects that are made of names.
    """

    def __init__(self, origins: Origins, keyed: Keyed) -> None:
        from dbt.adapters.base.impl import BaseAdapter
        from dbt.adapters.base.relation import BaseRelation
        from dbt.context.providers import RelationProxy
        from jinja2.utils import Namespace

        self._origins = origins
        self._keyed = keyed
        self.relations = (BaseRelation, BaseAdapter, RelationProxy)
        self._relation_class = BaseRelation
        self._containers = (dict, Namespace)

    def carries(self, context: Any, function: Any, owner: Any, name: str, args: Any) -> bool:
        """Whether it gives what it takes, or what holds it whole, without looking at it."""
        module = getattr(function, "__module__", "") or ""
        if name in _CARRYING and module == "dbt.context.base":
            # it takes a text apart, into letters that nobody would know again
            return not (name in _ZIPS and any(isinstance(each, str | DerivedList) for each in args))
        if module == "dbt.context.exceptions_jinja" or self._is_replaced(context, function):
            return True
        if isinstance(owner, list) and not isinstance(owner, Derived):
            return name in _OF_LISTS and not self._hangs_on_a_list(name, args)
        if isinstance(owner, dict) and name in _OF_MAPPINGS:
            return not self._decides_on_a_key(owner, name, args)
        if any(function is made for made in self._containers):
            # what is handed over by position may become a key
            return self._origins.of(args) is None
        is_relation = isinstance(owner, self.relations) or (
            isinstance(owner, type) and issubclass(owner, self._relation_class)
        )
        return name in _OF_RELATIONS and is_relation

    def holds_whole(self, text: str, method: str, args: Any) -> bool:
        """Whether a method of a text gives what still holds all that it was made of."""
        if method == "format":
            return inserts_whole(text)
        if method == "strip":
            return not args
        if method == "lower":
            return self._origins.whole_in_lower_case(text)
        # letters are no name
        return method == "join" and not any(isinstance(arg, str) for arg in args)

    def _hangs_on_a_list(self, name: str, args: Any) -> bool:
        """Whether what stands where in a list, or how much, hangs on what was handed over."""
        if name == "extend":
            return any(isinstance(each, str | Derived) for each in args)
        return name in _AT_A_PLACE and self._origins.of(args[:1]) is not None

    def _decides_on_a_key(self, owner: dict[Any, Any], name: str, args: Any) -> bool:
        if name == "update":
            # pairs become keys
            return not all(isinstance(each, dict) for each in args)
        if name in _LOOKUPS:
            self._keyed.sought(owner)
        return name in _LOOKUPS and self._origins.of(args[:1]) is not None

    def _is_replaced(self, context: Any, function: Any) -> bool:
        """Whether an adapter's method is stood in for while parsing, by one that looks at nothing.

        `ParseDatabaseWrapper` of dbt/context/providers.py, dbt-core 1.11.
        """
        adapter = context.get("adapter") if hasattr(context, "get") else None
        replaced = getattr(getattr(adapter, "_adapter", None), "_parse_replacements_", {})
        return any(function is stand_in for stand_in in replaced.values())


def inserts_whole(text: Any) -> bool:
    """Whether a format, of `format()` or of `%`, holds whole what is put into it."""
    return isinstance(text, str) and _WHOLE.fullmatch(text) is not None
