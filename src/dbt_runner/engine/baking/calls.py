"""What a template may call with a name or with something derived, and what it gets back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Any, Protocol

from jinja2.utils import generate_lorem_ipsum

from dbt_runner.engine.baking.marks import TIME_ZONE, Derived, DerivedList, Origins, derived, plain
from dbt_runner.engine.baking.watch import Watch

_WHOLE = re.compile(r"(\{\w*\}|\{\{|\}\}|%s|%\(\w+\)s|%%|[^{}%])*")
"""Formats that insert text as it is: without a width, a precision, a conversion or a lookup."""

_OF_LISTS = frozenset({"append", "clear", "copy", "extend", "insert", "pop", "reverse"})
_AT_A_PLACE = frozenset({"insert", "pop"})
_OF_MAPPINGS = frozenset({"copy", "get", "items", "keys", "pop", "setdefault", "update", "values"})
_LOOKUPS = frozenset({"get", "pop", "setdefault"})

_LOOKUPS_OF_DBT = frozenset({"dispatch", "doc", "env_var"})

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

_OF_THE_CLOCK = frozenset({"now", "today", "utcnow"})

_ZIPS = frozenset({"zip", "zip_strict"})
_CARRYING = frozenset({"log", "print", "return"}) | _ZIPS
"""Functions of dbt/context/base.py that hand on what they take."""


class Go(Protocol):
    """A step as it is taken unwatched."""

    def __call__(self, *, unmarked: bool = False) -> Any:
        """Take it; `unmarked` hands over values without their marks."""


class Calls:
    """The rule for each kind of function.

    Args:
        watch: takes offences.
        origins: tells what a value was made of.
        own: functions that the rewritten templates call, which follow their values themselves.
    """

    def __init__(self, watch: Watch, origins: Origins, own: tuple[Callable[..., Any], ...]) -> None:
        from dbt.adapters.base.impl import BaseAdapter
        from dbt.adapters.base.relation import BaseRelation
        from dbt.clients.jinja import MacroGenerator
        from dbt.context import providers
        from dbt.context.base import Var
        from jinja2.runtime import Macro
        from jinja2.utils import Namespace

        self._watch = watch
        self._tell = watch.tell
        self._origins = origins
        self._own = frozenset(own)
        self._macros = (MacroGenerator, Macro)
        self._configs = (providers.ParseConfigObject, providers.RuntimeConfigObject)
        self._resolvers = (providers.BaseResolver,)
        self._variables = Var
        self._relations = (BaseRelation, BaseAdapter, providers.RelationProxy)
        self._relation_class = BaseRelation
        self._containers = (dict, Namespace)

    def call(self, context: Any, function: Any, args: Any, named: Any, go: Go) -> Any:
        """Call a function as a template does.

        Args:
            context: of the template.
            go: makes the call.
        """
        if isinstance(function, FunctionType | MethodType) and function in self._own:
            return go()
        if isinstance(function, self._macros):
            return self._macro(named, go)
        function = getattr(function, "__wrapped__", function) if callable(function) else function
        owner = getattr(function, "__self__", None)
        varying = _varying(function, owner, args, named)
        if varying:
            return derived(plain(go()), varying, self._tell)
        for each in (*args, *named.values()):
            if callable(each) and _varying(each, getattr(each, "__self__", None)):
                self._tell(f"hands {_name_of(each)}() on")
        why = self._origins.of((args, named)) or self._of_owner(owner)
        return go() if why is None else self._told(why, context, function, args, named, go)

    def _told(
        self,
        why: str,
        context: Any,
        function: Any,
        args: Any,
        named: Any,
        go: Go,
    ) -> Any:
        """A call of something that is no macro, with what was made of a name, the clock, …."""
        owner, name = getattr(function, "__self__", None), _name_of(function)
        kept = self._configs[0]
        if isinstance(function, kept) or (name == "set" and isinstance(owner, kept)):
            self._keep(args, named)
        elif self._is_lookup(function, owner):
            self._look_up(function, args, named)
        elif isinstance(owner, str) and _holds_whole(owner, name, args):
            return self._marked(go(), owner, args, named)
        elif not self._carries(context, function, owner, name, args):
            # what is written in C may take no other kind of text
            return derived(go(unmarked=True), f"{why}, by {name}()", self._tell)
        result = go()
        # a relation's text is made anew of its parts
        return (
            self._marked(result, owner, args, named) if type(result) is str and result else result
        )

    def _of_owner(self, owner: Any) -> str | None:
        if isinstance(owner, (str, Derived, list, dict, *self._relations)):
            return self._origins.of(owner)
        return None

    def _macro(self, named: Any, go: Go) -> Any:
        """A macro is followed within; here only whether its text holds something derived."""
        before = self._watch.emitted
        result = go()
        if type(result) is str and self._watch.emitted != before:
            result = derived(result, "what differs from run to run", self._tell)
        if "caller" in named and self._origins.derived(result):
            # the text of a call block is written without being told
            self._watch.emitted += 1
        return result

    def _keep(self, args: Any, named: Any) -> None:
        """Judge a config; what is derived loses its mark, which is told by then."""
        options = dict(args[0]) if args and isinstance(args[0], dict) else named
        for key, value in list(options.items()):
            why = self._origins.derived(value)
            if why:
                self._tell(f"sets the config '{key}' from {why}")
                options[key] = plain(value)

    def _is_lookup(self, function: Any, owner: Any) -> bool:
        return (
            isinstance(function, (*self._resolvers, self._variables))
            or isinstance(owner, (self._variables, *self._configs))
            or _name_of(function) in _LOOKUPS_OF_DBT
        )

    def _look_up(self, function: Any, args: Any, named: Any) -> None:
        # the default of a variable is handed on
        has_default = not isinstance(function, self._resolvers) and _name_of(function) != "doc"
        why = self._origins.of(args[:1] if has_default else (args, named))
        if why:
            self._tell(f"looks {why} up by {_name_of(function)}()")

    def _carries(self, context: Any, function: Any, owner: Any, name: str, args: Any) -> bool:
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
            return not self._decides_on_a_key(name, args)
        if any(function is made for made in self._containers):
            # what is handed over by position may become a key
            return self._origins.of(args) is None
        is_relation = isinstance(owner, self._relations) or (
            isinstance(owner, type) and issubclass(owner, self._relation_class)
        )
        return name in _OF_RELATIONS and is_relation

    def _hangs_on_a_list(self, name: str, args: Any) -> bool:
        """Whether what stands where in a list, or how much, hangs on what was handed over."""
        if name == "extend":
            return any(isinstance(each, str | Derived) for each in args)
        return name in _AT_A_PLACE and self._origins.of(args[:1]) is not None

    def _decides_on_a_key(self, name: str, args: Any) -> bool:
        if name == "update":
            # pairs become keys
            return not all(isinstance(each, dict) for each in args)
        return name in _LOOKUPS and self._origins.of(args[:1]) is not None

    def _is_replaced(self, context: Any, function: Any) -> bool:
        """Whether an adapter's method is stood in for while parsing, by one that looks at nothing.

        `ParseDatabaseWrapper` of dbt/context/providers.py, dbt-core 1.11.
        """
        adapter = context.get("adapter") if hasattr(context, "get") else None
        replaced = getattr(getattr(adapter, "_adapter", None), "_parse_replacements_", {})
        return any(function is stand_in for stand_in in replaced.values())

    def _marked(self, value: Any, *parts: Any) -> Any:
        why = self._origins.derived(parts)
        return derived(value, why, self._tell) if why else value


def inserts_whole(text: Any) -> bool:
    """Whether a format, of `format()` or of `%`, holds whole what is put into it."""
    return isinstance(text, str) and _WHOLE.fullmatch(text) is not None


def _holds_whole(text: str, method: str, args: Any) -> bool:
    if method == "format":
        return inserts_whole(text)
    if method == "strip":
        return not args
    # letters are no name
    return method == "join" and not any(isinstance(arg, str) for arg in args)


def _varying(
    function: Any, owner: Any, args: Sequence[Any] = (), named: Mapping[str, Any] | None = None
) -> str | None:
    """What a function takes its value from, where that is another in each run or on each machine.

    Args:
        args, named: what it is called with; nothing where it is not called yet.
    """
    if function is generate_lorem_ipsum:
        return "chance"
    kind = owner if isinstance(owner, type) else type(owner)
    if not issubclass(kind, dt.date):
        return None
    name = _name_of(function)
    if name in _OF_THE_CLOCK:
        return "the clock"
    has_zone = isinstance(owner, dt.datetime) and owner.tzinfo is not None
    local = {
        "astimezone": not args and not named,
        "fromtimestamp": len(args) < 2 and not named,
        "timestamp": not has_zone,
        "strftime": any("%s" in str(each) for each in args),
    }
    return TIME_ZONE if local.get(name) else None


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", None)
    return (name if isinstance(name, str) else type(function).__name__).lstrip("_")
