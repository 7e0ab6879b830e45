"""What a template may call with a name or with something derived, and what it gets back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, Protocol

from jinja2.sandbox import safe_range

from dbt_runner.engine.baking.carrying import Carrying
from dbt_runner.engine.baking.containers import Configured, Keyed
from dbt_runner.engine.baking.marks import Derived, HttpPath, derived, never_empty, plain
from dbt_runner.engine.baking.origins import Origins
from dbt_runner.engine.baking.varying import name_of, varying
from dbt_runner.engine.baking.watch import Watch

_MUTATING = frozenset(
    {
        "add",
        "append",
        "difference_update",
        "discard",
        "extend",
        "insert",
        "intersection_update",
        "pop",
        "popitem",
        "remove",
        "setdefault",
        "symmetric_difference_update",
        "update",
    }
)
_CALLING = frozenset({"deprecation_wrapper_inner", "try_or_compiler_error"})
"""Of dbt; the first is what it wraps `itertools` in (dbt/context/base.py)."""
_STORING = frozenset({"store_raw_result", "store_result"})

_LOOKUPS_OF_DBT = frozenset({"dispatch", "doc", "env_var"})

_CERTAIN = frozenset({"capitalize", "isoformat", "lower", "strftime", "title", "upper"})
"""Methods that make a text of something that is never empty."""


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
        from dbt.clients.jinja import MacroGenerator
        from dbt.context import providers
        from dbt.context.base import Var
        from jinja2.runtime import Macro

        self._watch = watch
        self._tell = watch.tell
        self._origins = origins
        self._own = frozenset(own)
        self._macros = (MacroGenerator, Macro)
        self._sets_config = providers.ParseConfigObject
        self._configs = (providers.ParseConfigObject, providers.RuntimeConfigObject)
        self._adapters = BaseAdapter
        self.resolvers = (providers.BaseResolver,)
        self._variables = Var
        self.keyed = Keyed(origins, watch.tell)
        self._carrying = Carrying(origins, self.keyed)
        self.configured = Configured(origins, watch.tell)

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
        owner, name = getattr(function, "__self__", None), name_of(function)
        if isinstance(function, self._sets_config):
            return self._configure(args[0] if args and isinstance(args[0], dict) else named, go)
        if isinstance(owner, self._sets_config) and name == "set":
            return self._configure(dict([args]) if len(args) == 2 else named, go)
        why = varying(function, args, named)
        if why:
            return self._watch.varied(plain(go()), why)
        if isinstance(owner, self._adapters) and "has_dbr_capability" in name:
            self._watch.ask(owner.config.credentials.http_path, "in", "/warehouses/")
        self._hand_on(function, args, named)
        self.configured.changed(owner, (args, named))
        why = self._origins.of((args, named)) or self._of_owner(owner)
        return go() if why is None else self._told(why, context, function, args, named, go)

    def _hand_on(self, function: Any, args: Any, named: Any) -> None:
        """Tell what is handed over to be called where nobody watches."""
        for each in (*args, *named.values()):
            if not callable(each):
                continue
            owner = getattr(each, "__self__", None)
            if varying(each) or (isinstance(owner, str | Derived) and self._origins.of(owner)):
                self._watch.insist(f"hands {name_of(each)}() on")
            has_effects = isinstance(each, self._macros) or isinstance(owner, list | dict | set)
            if has_effects and _may_call(function):
                what = "a macro" if isinstance(each, self._macros) else f"{name_of(each)}()"
                self._watch.insist(f"hands {what} on to {name_of(function)}()")

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
        owner, name = getattr(function, "__self__", None), name_of(function)
        if function is re.search and self._asks_path(args, named):
            # where there is a match, nobody may look at it
            return self._watch.ask(str(args[1]), "search", args[0]) or None
        if self._is_lookup(function, owner):
            self._look_up(function, args, named)
        elif isinstance(owner, str) and self._carrying.holds_whole(owner, name, args):
            return self._marked(go(), owner, args, named)
        elif not self._carrying.carries(context, function, owner, name, args):
            if isinstance(owner, list | dict | set) and name in _MUTATING:
                self._watch.insist(f"changes a {type(owner).__name__} by {why}")
            if name in _STORING:
                self._watch.insist(f"stores {why}")
            # what is written in C may take no other kind of text
            handed = (owner, *args, *named.values())
            certain = name in _CERTAIN and all(map(never_empty, handed))
            return derived(go(unmarked=True), f"{why}, by {name}()", self._tell, certain=certain)
        result = go()
        if isinstance(owner, dict) and name in {"copy", "update"}:
            self.keyed.note(owner if name == "update" else result)
        # a relation's text is made anew of its parts
        return (
            self._marked(result, owner, args, named) if type(result) is str and result else result
        )

    def _of_owner(self, owner: Any) -> str | None:
        if isinstance(owner, (str, Derived, list, dict, *self._carrying.relations)):
            return self._origins.of(owner)
        return None

    def _macro(self, named: Any, go: Go) -> Any:
        """A macro is followed within; here only whether its text holds something derived."""
        emitted = self._watch.emitted
        before = len(emitted)
        with self._watch.whole():
            result = go()
        if type(result) is str and len(emitted) > before:
            result = derived(result, emitted[before], self._tell)
        why = self._origins.derived(result) if "caller" in named else None
        if why:
            # the text of a call block is written without being told
            self._watch.emit(why)
        return result

    def is_builtin(self, name: str, value: Any) -> bool:
        """Whether what a template calls by this name is dbt's or Jinja's own function."""
        if name == "var":
            return isinstance(value, self._variables)
        own = "dbt_runner.engine.baking.contexts"
        if name == "range":
            return value is range or value is safe_range
        return getattr(value, "__module__", "") == own

    def _asks_path(self, args: Any, named: Any) -> bool:
        """Whether a pattern is looked for in the warehouse's HTTP path."""
        pattern, text = args if len(args) == 2 and not named else (None, None)
        known = type(pattern) is str and self._origins.of(pattern) is None
        return known and isinstance(text, HttpPath)

    def _configure(self, options: Mapping[Any, Any], go: Go) -> Any:
        """Judge a config; what is derived loses its mark, which is told by then."""
        found = {key: self._origins.derived((key, value)) for key, value in options.items()}
        for key, why in found.items():
            if why:
                self._watch.insist(f"sets the config '{key}' from {why}")
        for value in options.values():
            self.configured.note(value)
        return go(unmarked=any(found.values()))

    def _is_lookup(self, function: Any, owner: Any) -> bool:
        return (
            isinstance(function, (*self.resolvers, self._variables))
            or isinstance(owner, (self._variables, *self._configs))
            or name_of(function) in _LOOKUPS_OF_DBT
        )

    def _look_up(self, function: Any, args: Any, named: Any) -> None:
        # the default of a variable is handed on
        has_default = not isinstance(function, self.resolvers) and name_of(function) != "doc"
        why = self._origins.of(args[:1] if has_default else (args, named))
        if why:
            self._watch.insist(f"looks {why} up by {name_of(function)}()")

    def _marked(self, value: Any, *parts: Any) -> Any:
        why = self._origins.derived(parts)
        return derived(value, why, self._tell) if why else value


def _may_call(function: Any) -> bool:
    """Whether a function may call what it is handed, where nobody watches."""
    module = getattr(function, "__module__", None) or ""
    owner, name = getattr(function, "__self__", None), name_of(function)
    keeps = isinstance(owner, list | dict | set) and name != "sort"
    of_python = module in {"itertools", "re"} or isinstance(function, BuiltinMethodType)
    return (of_python and not keeps) or name in _CALLING
