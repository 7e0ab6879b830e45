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
    """What yields its elements once, when they are asked for, as it would unwatched.

    Args:
        values: the iterator.
        made_of: what the filter or function was handed that made it. Only where that holds a name
            or something derived, elements are looked at before they are asked for.
    """

    def __init__(self, values: Iterator[Any], made_of: Any) -> None:
        self._values = values
        self._ahead: deque[Any] = deque()
        self.made_of = made_of

    def __next__(self) -> Any:
        return self._ahead.popleft() if self._ahead else next(self._values)

    def rest(self) -> list[Any]:
        """The elements that were not yielded yet."""
        self._ahead.extend(islice(self._values, max(0, _LOOKED_AT - len(self._ahead))))
        return list(self._ahead)


def held(value: Any, made_of: Any) -> Any:
    """The result of a step; iterators of Python's in it let their elements be looked at.

    Args:
        made_of: what the step was handed.
    """
    if type(value) is tuple and any(isinstance(part, Iterator) for part in value):
        return tuple(held(part, made_of) for part in value)
    of_python = type(value).__module__ in {"builtins", "itertools"}
    return Once(value, made_of) if of_python and isinstance(value, Iterator) else value


def may_be_used_up(value: Any, looked_at: set[int] | None = None) -> bool:
    """Whether a value, or a part of it, yields its elements once."""
    looked_at = set() if looked_at is None else looked_at
    if isinstance(value, Iterator):
        return True
    if id(value) in looked_at or isinstance(value, str | int | float):
        return False
    looked_at.add(id(value))
    return any(may_be_used_up(part, looked_at) for part in _parts(value))


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
        if isinstance(value, Once):
            clean = self._find(value.made_of, set(), derived_only=False) is None
            value = () if clean else value.rest()
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
    if isinstance(value, LoopContext):
        # what it goes through, without a step of it
        return (value._iterable,)  # noqa: SLF001 - no public name
    if isinstance(value, Namespace):
        attributes: dict[str, Any] = object.__getattribute__(value, "_Namespace__attrs")
        return attributes.values()
    if is_dataclass(value) and not isinstance(value, type) and hasattr(value, "__dict__"):
        return vars(value).values()
    return ()
