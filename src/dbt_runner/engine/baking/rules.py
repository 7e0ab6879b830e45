"""What a template may do with a name or with something derived."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from jinja2 import Undefined

from dbt_runner.engine.baking.calls import Calls, Go
from dbt_runner.engine.baking.carrying import inserts_whole
from dbt_runner.engine.baking.filters import Filters
from dbt_runner.engine.baking.marks import Derived, DerivedList, HttpPath, derived
from dbt_runner.engine.baking.origins import Origins, may_be_used_up
from dbt_runner.engine.baking.told import Told
from dbt_runner.engine.baking.varying import TIME_ZONE
from dbt_runner.engine.baking.watch import Watch

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}

_TESTS_OF_TYPE = frozenset(
    {
        "boolean",
        "callable",
        "defined",
        "escaped",
        "false",
        "float",
        "integer",
        "iterable",
        "mapping",
        "none",
        "number",
        "sequence",
        "string",
        "true",
        "undefined",
    }
)


class Rules:
    """Each step of a template on a value; gives what the step gives unwatched, perhaps marked."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._tell = watch.tell
        self._origins = Origins(watch.names.labelled())
        self._steps: dict[str, Callable[..., Any]] = {
            "watch_compare": self._compare,
            "watch_look": self._look,
            "watch_binary": self._binary,
            "watch_negative": lambda value: self._made(-value, value),
            "watch_positive": lambda value: self._made(+value, value),
            "watch_concat": lambda *parts: self._made("".join(map(str, parts)), *parts),
            "watch_slice": self._slice,
            "watch_mapping": self._mapping,
            "watch_each": self._each,
            "watch_rows": self._rows,
            "watch_rest": self._rest,
            "watch_block": self._block,
            "watch_begin": self._begin,
            "watch_end_of": watch.end,
            "watch_emit": self.emit,
            "watch_count": lambda: len(self._watch.emitted),
        }
        self._calls = Calls(watch, self._origins, tuple(self._steps.values()))
        self.call = self._calls.call
        self.filter = Filters(self._origins, self._tell, self._made).apply

    def steps(self) -> dict[str, Callable[..., Any]]:
        """The functions that rewritten templates call, by their names in the environment."""
        return self._steps

    # steps that give a value

    def attribute(self, of: Any, name: str, value: Any) -> Any:
        """An attribute that was read."""
        if not hasattr(dict, name):
            # of a mapping, it is an entry
            self._calls.keyed.sought(of)
        if isinstance(of, self._calls.resolvers):
            self._watch.insist(f"looks into {type(of).__name__} of dbt")
        if not isinstance(of, Derived) or isinstance(of, Told):
            return self._since(name, value)
        is_utc = value is dt.UTC or str(value) == "UTC"
        if isinstance(value, dt.tzinfo) and is_utc and of.why != TIME_ZONE:
            # of `run_started_at`
            return value
        if callable(value) and not isinstance(value, Undefined):
            return value
        return derived(value, f"{of.why}, its '{name}'", self._tell)

    def item(self, of: Any, key: Any, value: Any) -> Any:
        """An item that was read."""
        if not isinstance(of, str | Derived):
            return self._since(key, value)
        why = None if isinstance(of, Told) else self._origins.of(of)
        return derived(value, f"{why}, a part of it", self._tell) if why else value

    def _since(self, key: Any, value: Any) -> Any:
        # when a node was parsed; a text is a column of that name
        if isinstance(key, str) and key == "created_at" and isinstance(value, float):
            return derived(value, "the clock", self._tell)
        return value

    def end_block(self, text: str, since: int) -> Any:
        """The text of a block, given the count at its beginning."""
        within = self._watch.emitted[since:]
        return derived(text, within[0], self._tell) if within else text

    def emit(self, value: Any) -> Any:
        """A value that is written into the text that is being rendered."""
        why = self._origins.derived(value)
        if why:
            self._watch.emit(why)
        return value

    def _made(self, value: Any, *parts: Any) -> Any:
        why = self._origins.derived(parts)
        if why is None or (isinstance(value, list | dict) and not any(map(_counts, parts))):
            # a list that was made of others holds their elements, marked as they are
            return value
        return derived(value, why, self._tell)

    def _binary(self, sign: str, left: Any, right: Any) -> Any:
        if sign == "%":
            self._calls.keyed.sought(right)
        if sign == "%" and isinstance(left, str) and not inserts_whole(left):
            why = self._origins.of((left, right))
            return derived(left % right, f"{why}, by a format", self._tell) if why else left % right
        return self._made(_ARITHMETIC[sign](left, right), left, right)

    def _slice(self, value: Any, start: Any, stop: Any, step: Any) -> Any:
        for bound in (start, stop, step):
            self.key(value, bound)
        return self.item(value, None, value[start:stop:step])

    # decisions

    def test(self, name: str, values: Any, named: Any, go: Go) -> Any:
        """A test: `is name`."""
        if name in _TESTS_OF_TYPE:
            # a name is always text, but what was made of it may be none, or a number, ...
            why = self._uncertain(values[0])
        else:
            why = self._origins.of((values, named))
        if why:
            self._tell(f"tests whether {why} is {name}")
        return go()

    def key(self, of: Any, key: Any) -> None:
        """A lookup."""
        why = self._origins.of(key)
        if why:
            self._tell(f"looks {why} up in a {type(of).__name__}")
        self._calls.keyed.sought(of)

    def _compare(self, text: str, sign: str, left: Any, right: Any) -> Any:
        equality = sign in {"eq", "ne"}
        # a name is a text, and never empty
        names = not (self._uncertain(left) or self._uncertain(right))
        if sign in {"in", "notin"} and self._asks_path(left, right):
            self._watch.ask(str(right), "in", left)
        elif not (equality and names and (_tells_nothing(left) or _tells_nothing(right))):
            self._look(text, left)
            # only the keys of a mapping are looked at
            within = isinstance(right, dict) and not equality
            self._look(text, list(right) if within else right)
        return _COMPARISONS[sign](left, right)

    def _asks_path(self, text: Any, path: Any) -> bool:
        return type(text) is str and isinstance(path, HttpPath) and self._origins.of(text) is None

    def _uncertain(self, value: Any) -> str | None:
        certain = isinstance(value, Derived) and value.certain
        return None if certain else self._origins.derived(value)

    def _look(self, text: str, value: Any) -> Any:
        why = self._origins.of(value)
        if why:
            self._tell(f"compares {why}: {text}")
        return value

    def _mapping(self, *pairs: Any) -> dict[Any, Any]:
        """A mapping that is written down, of which some keys are no constants."""
        made = dict(zip(pairs[::2], pairs[1::2], strict=True))
        self._calls.keyed.note(made)
        return made

    def _each(self, text: str, values: Any) -> Any:
        if isinstance(values, str | DerivedList):
            why = self._origins.of(values)
            if why:
                self._tell(f"goes through the parts of {why}: {text}")
        return values

    def _rest(self, named: Any) -> Any:
        """A mapping whose entries become arguments."""
        self._calls.keyed.sought(named)
        return named

    def _begin(
        self, names: Sequence[str], called: Sequence[str], held: Sequence[str], *values: Any
    ) -> None:
        """A part begins that only writes text, if what it takes from around it is what it seems.

        Args:
            names: all that it takes; `called` and `held` as in `Free`.
            values: of the names.
        """
        found = dict(zip(names, values, strict=True))
        self._watch.begin(
            only_writes=all(self._calls.is_builtin(name, found[name]) for name in called)
            and all(_is_plain(found[name]) for name in held)
            and not any(map(may_be_used_up, found.values()))
        )

    def _block(self, name: str) -> None:
        """A block of Jinja's, whose text may be had again by ways that are not followed."""
        self._watch.insist(f"has a block {name!r} of Jinja")

    def _rows(self, text: str, rows: Any) -> Any:
        """What is gone through, each element of which is taken apart."""
        # looked at one by one, since the loop's body may change the rest
        return map(partial(self._each, text), self._each(text, rows))


def _is_plain(value: Any) -> bool:
    """Whether a value and its parts have no methods but those of texts, dates and the like.

    `modules` is a mapping of Python's modules, and the rest of what dbt hands over is not.
    """
    if isinstance(value, Told):
        return not any(map(callable, dict.values(value)))
    if isinstance(value, dict):
        # a macro, or what captures refs and configs, is an object of dbt's or Jinja's
        parts = [part for part in value.values() if isinstance(part, dict)]
        kinds = {
            type(each).__module__.partition(".")[0] for part in parts for each in part.values()
        }
        is_modules = {"datetime", "itertools", "pytz", "re"} == value.keys()
        return is_modules and not kinds & {"dbt", "dbt_common", "jinja2"}
    plain = (str, int, float, dt.date, dt.time, dt.timedelta, re.Pattern, re.Match)
    return isinstance(value, plain) or type(value).__module__.startswith("dbt.adapters.")


def _counts(part: Any) -> bool:
    """Whether the length of a list that is made of this hangs on what it was made of."""
    return isinstance(part, Derived) and isinstance(part, int | list)


def _tells_nothing(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float) or value == ""
