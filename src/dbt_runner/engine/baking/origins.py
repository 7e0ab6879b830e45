"""Finds out what a value was made of, whatever holds it."""

from __future__ import annotations

from collections import deque
from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from dataclasses import is_dataclass
from itertools import islice
from typing import Any

from jinja2.runtime import LoopContext
from jinja2.utils import Namespace

from dbt_runner.engine.baking.marks import Derived

FOLDER = "the project's folder"

_LOOKED_AT = 100_000
"""Elements of what may yield without end."""


class Once(Iterator[Any]):
    """What yields its elements once, as it would unwatched, and yet lets them be looked at."""

    def __init__(self, values: Iterator[Any]) -> None:
        self._values = values
        self._ahead: deque[Any] = deque()

    def __next__(self) -> Any:
        return self._ahead.popleft() if self._ahead else next(self._values)

    def rest(self) -> list[Any]:
        """The elements that were not yielded yet."""
        self._ahead.extend(islice(self._values, max(0, _LOOKED_AT - len(self._ahead))))
        return list(self._ahead)


def held(value: Any) -> Any:
    """An iterator of Python's as one that lets its elements be looked at; others as they are."""
    of_python = type(value).__module__ in {"builtins", "itertools"}
    return Once(value) if of_python and isinstance(value, Iterator) else value


def may_be_used_up(value: Any) -> bool:
    """Whether a value, or an element of it, yields its elements once."""
    if isinstance(value, Namespace | list | tuple) or type(value) is dict:
        return any(isinstance(part, Iterator) for part in _parts(value))
    return isinstance(value, Iterator) and not isinstance(value, LoopContext)


class Origins:
    """Tells what a value was made of.

    Args:
        labelled: (text, what it stands for) of each stand-in.
    """

    def __init__(self, labelled: tuple[tuple[str, str], ...]) -> None:
        self._labelled = labelled

    def whole_in_lower_case(self, text: str) -> bool:
        """Whether a text in lower case still holds the names that it holds.

        Catalogs and schemas are in lower case anyway (`identifiers.py`), paths need not be.
        """
        return not isinstance(text, Derived) and not any(
            name in text for name, what in self._labelled if what == FOLDER
        )

    def of(self, value: Any) -> str | None:
        """What a value holds: a name or something derived; `None` if neither."""
        return self._find(value, set(), derived_only=False)

    def derived(self, value: Any) -> str | None:
        """What a value that is derived, or holds such, was made of."""
        return self._find(value, set(), derived_only=True)

    def _find(self, value: Any, looked_at: set[int], *, derived_only: bool) -> str | None:
        if isinstance(value, Derived):
            return value.why
        if isinstance(value, str):
            if derived_only:
                return None
            return next((label for text, label in self._labelled if text in value), None)
        if value is None or isinstance(value, int | float) or id(value) in looked_at:
            return None
        # a context holds itself
        looked_at.add(id(value))
        for part in _parts(value):
            found = self._find(part, looked_at, derived_only=derived_only)
            if found:
                return found
        return None


def _parts(value: Any) -> Iterable[Any]:
    """What a mapping, list or object of dbt's consists of; of others, nothing."""
    if isinstance(value, dict):
        return (*dict.keys(value), *dict.values(value))
    if isinstance(value, list | tuple | set | frozenset | ItemsView | KeysView | ValuesView):
        return value
    if isinstance(value, Once):
        return value.rest()
    if isinstance(value, Namespace):
        attributes: dict[str, Any] = object.__getattribute__(value, "_Namespace__attrs")
        return attributes.values()
    if is_dataclass(value) and not isinstance(value, type) and hasattr(value, "__dict__"):
        return vars(value).values()
    return ()
