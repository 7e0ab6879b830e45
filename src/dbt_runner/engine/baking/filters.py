"""What a filter makes of a name or of something derived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dbt_runner.engine.baking.calls import Go
from dbt_runner.engine.baking.carrying import inserts_whole
from dbt_runner.engine.baking.marks import Derived, Tell, derived, never_empty
from dbt_runner.engine.baking.origins import Origins
from dbt_runner.engine.baking.varying import CHANCE

_CARRYING = frozenset({"as_text", "d", "default", "format", "string", "trim"})
"""Of a text: give it, or text that holds it whole."""

_OF_LISTS = _CARRYING | {
    "attr",
    "count",
    "first",
    "is_list",
    "items",
    "join",
    "last",
    "length",
    "list",
    "map",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
}
"""Of others: do not look at the elements, or only through tests."""

_CERTAIN = frozenset({"capitalize", "lower", "string", "title", "upper"})
"""Of a text that is never empty: give one."""

_BY_NAME = frozenset({"attr", "map", "reject", "rejectattr", "select", "selectattr"})
"""What else they are handed names an attribute, a filter or a test."""

_DECIDING = frozenset({"as_bool", "as_native", "as_number", "groupby", "unique"})
"""What they give cannot be marked: a type, or a number of elements, hangs on the text."""


class Filters:
    """The rule for each filter, other than those that templates are rewritten with.

    Args:
        origins: tells what a value was made of.
        tell: takes offences.
        made: marks a value, given what it was made of.
    """

    def __init__(self, origins: Origins, tell: Tell, made: Callable[..., Any]) -> None:
        self._origins = origins
        self._tell = tell
        self._made = made

    def apply(self, name: str, values: Any, named: Any, go: Go) -> Any:
        """Apply one as a template does; `go` takes the step."""
        if name == "random":
            return derived(go(), CHANCE, self._tell)
        why = self._origins.of((values, named))
        if why is None:
            return go()
        of_text = not values or isinstance(values[0], str | Derived)
        carrying = name in (_CARRYING if of_text else _OF_LISTS)
        if name == "trim" and (len(values) > 1 or named):
            carrying = False
        if name == "format" and not inserts_whole(values[0]):
            carrying = False
        if name == "lower" and isinstance(values[0], str):
            carrying = self._origins.whole_in_lower_case(values[0])
        if name in _BY_NAME and self._origins.of((values[1:], named)):
            carrying = False
        if name in _DECIDING:
            self._tell(f"applies the filter '{name}' to {why}")
            return go()
        if carrying:
            return self._made(go(), *values, *named.values())
        certain = name in _CERTAIN and never_empty(values[0])
        return derived(
            go(unmarked=True), f"{why}, by the filter '{name}'", self._tell, certain=certain
        )
